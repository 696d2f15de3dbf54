package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
)

func Example() {
	ctx := context.Background()
	s := memstore.New()
	defer s.Close()

	now := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	for name, lasts := range map[string]time.Duration{"users": 29 * 24 * time.Hour, "presence/anna": time.Hour} {
		sub := store.Subscription{Name: name, ClientState: "secret", Expires: now.Add(lasts)}
		if _, err := s.PutSubscription(ctx, sub); err != nil {
			panic(err)
		}
	}
	soon, _ := s.Expiring(ctx, now.Add(2*time.Hour))
	fmt.Println(soon)
	// Output: [subscription presence/anna (id "", 0 members, expires 2026-03-29T13:00:00Z)]
}
