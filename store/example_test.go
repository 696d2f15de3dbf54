package store_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
)

// Two writers change the same link; the second one notices.
func Example_compareAndSet() {
	ctx := context.Background()
	s := memstore.New()
	defer s.Close()

	link, _ := s.PutLink(ctx, store.Link{Teams: "t1", PBX: "g1"})
	stale := link

	link.Agreed = &store.Agreed{Activity: "Busy", PBX: "busy"}
	_, err := s.PutLink(ctx, link)
	fmt.Println(err)

	stale.Agreed = &store.Agreed{Activity: "Away", PBX: "away"}
	_, err = s.PutLink(ctx, stale)
	fmt.Println(errors.Is(err, store.ErrConflict))
	// Output:
	// <nil>
	// true
}

// A replica that has lost its lease can still read, and no longer write.
func ExampleStore_with() {
	ctx := context.Background()
	s := memstore.New()
	defer s.Close()

	lease, _ := s.Acquire(ctx, "work", "replica-1", time.Minute)
	records := s.With(lease)
	link, err := records.PutLink(ctx, store.Link{Teams: "t1"})
	fmt.Println(link.Teams, err)

	s.Release(ctx, lease)
	_, err = records.PutLink(ctx, link)
	fmt.Println(errors.Is(err, store.ErrLeaseLost))
	_, err = records.Link(ctx, "t1")
	fmt.Println(err)
	// Output:
	// t1 <nil>
	// true
	// <nil>
}
