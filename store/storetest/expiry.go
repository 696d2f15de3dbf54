package storetest

import (
	"slices"
	"time"

	"github.com/pbx365/connector/store"
)

// expiryClauses are the promises about the end of subscriptions.
func expiryClauses() []Clause {
	return []Clause{
		{"expiring: the earliest first, the bound left out", expiring},
		{"expiring: comes back as it was put", expiringWhole},
		{"expiring: a long dead one is still there", longDead},
	}
}

func expiring(t T, s store.Store) {
	ctx := t.Context()
	for name, minutes := range map[string]int{"d": -90, "c": 20, "a": 30, "b": 20, "bound": 40, "later": 41} {
		sub := store.Subscription{Name: name, Expires: noon.Add(time.Duration(minutes) * time.Minute)}
		must[store.Subscription](t, "create "+name)(s.PutSubscription(ctx, sub))
	}
	all := must[[]store.Subscription](t, "expiring")(s.Expiring(ctx, noon.Add(40*time.Minute).UTC()))
	if got, want := keys(subscriptions, all), []string{"d", "b", "c", "a"}; !slices.Equal(got, want) {
		t.Errorf("expiring: %q, want %q", got, want)
	}
}

func expiringWhole(t T, s store.Store) {
	ctx := t.Context()
	want := must[store.Subscription](t, "create")(s.PutSubscription(ctx, fullSubscription("a")))
	all := must[[]store.Subscription](t, "expiring")(s.Expiring(ctx, want.Expires.Add(time.Second)))
	same(t, all, []store.Subscription{want}, "expiring")
	for _, sub := range all {
		spoilWords(sub.Members)
	}
	same(t, must[store.Subscription](t, "read")(s.Subscription(ctx, "a")), want, "read after a change of what was listed")
}

func longDead(t T, s store.Store) {
	ctx := t.Context()
	dead := fullSubscription("a")
	dead.Expires = noon.AddDate(-20, 0, 0)
	dead = must[store.Subscription](t, "create")(s.PutSubscription(ctx, dead))
	same(t, must[store.Subscription](t, "read")(s.Subscription(ctx, "a")), dead, "read")
	want := []store.Subscription{dead}
	same(t, must[[]store.Subscription](t, "list")(s.Subscriptions(ctx)), want, "list")
	same(t, must[[]store.Subscription](t, "expiring")(s.Expiring(ctx, noon)), want, "expiring")
}
