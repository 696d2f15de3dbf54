package presence

import (
	"context"
	"errors"
)

// ErrWithdrawn is matched by the error of an action that was left out, because it was not wanted
// any more before anything of it was sent. It is as if it had never been decided.
var ErrWithdrawn = errors.New("withdrawn before it was sent")

type wantedKey struct{}

// Withdrawable returns a ctx for one action, and what withdraws it. Whoever carries it out
// leaves it out as long as it waits, and returns [ErrWithdrawn]. Unlike the end of ctx that cuts
// nothing off: what is on its way goes on until its outcome is known.
func Withdrawable(ctx context.Context) (_ context.Context, withdraw func()) {
	wanted, withdraw := context.WithCancel(context.Background())
	return context.WithValue(ctx, wantedKey{}, wanted), withdraw
}

// Wanted returns a context that ends when the action with that ctx is withdrawn. It never ends
// where nobody can do that.
func Wanted(ctx context.Context) context.Context {
	if wanted, ok := ctx.Value(wantedKey{}).(context.Context); ok {
		return wanted
	}
	return context.Background()
}
