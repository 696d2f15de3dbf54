package store

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

// Subscription is one change notification subscription at Microsoft Graph (Graph:
// subscription resource type), as its owner knows it.
//
// It prints and logs without its client state, whatever the verb or the handler.
type Subscription struct {
	// Name says what the subscription is for and is the key. The owner chooses it.
	Name string
	// ID is what Graph calls it; empty until Graph has answered.
	ID string
	// Resource, ChangeType and NotificationURL are as in the request.
	Resource, ChangeType, NotificationURL string
	// ClientState is the secret by which notifications are known to be genuine.
	// Package encoding/json leaves it out, so a back-end that uses that must add it.
	ClientState string `json:"-"`
	// CertificateID names the certificate that rich notifications are encrypted with.
	CertificateID string
	// Members are the object ids of the people covered; empty where that is everybody.
	Members []string
	// Expires is the end that Graph has granted, Renewed when it last did so.
	Expires, Renewed time.Time
	// Revision is chosen by the store; 0 means never stored.
	Revision int64
}

// Clone returns a copy that shares no memory with s.
func (s Subscription) Clone() Subscription {
	s.Members = slices.Clone(s.Members)
	return s
}

// String names the subscription, its id and its end.
func (s Subscription) String() string {
	return fmt.Sprintf("subscription %s (id %q, %d members, expires %s)",
		s.Name, s.ID, len(s.Members), s.Expires.UTC().Format(time.RFC3339))
}

// Format prints what String returns for every verb, since some verbs of package
// fmt would print the fields one by one.
func (s Subscription) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue keeps the client state out of every log, and the members to a number.
func (s Subscription) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("name", s.Name),
		slog.String("id", s.ID),
		slog.String("resource", s.Resource),
		slog.Int("members", len(s.Members)),
		slog.Time("expires", s.Expires),
		slog.Int64("revision", s.Revision),
	)
}
