package store

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// SignIn is what a sign-in that somebody made by hand needs to go on after a restart,
// such as its refresh token.
//
// It prints and logs without it, whatever the verb or the handler.
type SignIn struct {
	// Name says whose sign-in it is and is the key. The owner chooses it.
	Name string
	// Sealed is encrypted by its owner: a store is a file that gets copied.
	Sealed []byte
	// Revision is chosen by the store; 0 means never stored.
	Revision int64
}

// Clone returns a copy that shares no memory with s.
func (s SignIn) Clone() SignIn {
	s.Sealed = slices.Clone(s.Sealed)
	return s
}

// String names the sign-in and says how much there is of it.
func (s SignIn) String() string { return fmt.Sprintf("sign-in %s (%d bytes)", s.Name, len(s.Sealed)) }

// Format prints what String returns for every verb.
func (s SignIn) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue keeps what is sealed out of every log.
func (s SignIn) LogValue() slog.Value { return slog.StringValue(s.String()) }
