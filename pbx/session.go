package pbx

import (
	"context"
	"slices"
	"sync"
)

// Names of the APIs (innovaphone SDK: PbxInfo).
const (
	apiPresence      = "PbxApi"
	apiUsers         = "PbxTableUsers"
	apiAdmin         = "PbxAdminApi"
	apiCalls         = "RCC"
	apiImpersonation = "PbxImpersonation"
)

// sessionKey tells the connections of PBXs apart. A second one with the same key
// replaces the first.
type sessionKey struct{ domain, pbx, object string }

// session is the connection of a PBX that has introduced itself.
type session struct {
	*conn
	key      sessionKey
	info     pbxInfo
	harmless []string // error codes that are none
	aliens   aliens
	unclosed sync.Map // names of APIs, opened for users, that nobody needs any more; whether closing them has failed

	// The hub owns the following.

	gone   bool // ended or replaced: its late messages mean nothing
	calls  *calls
	hidden int // watched users whose presence it does not show
}

func (s *session) name() string { return s.info.PBX }

// has reports whether an API is enabled at the App object.
func (s *session) has(api string) bool { return slices.Contains(s.info.APIs, api) }

// request asks the PBX, before what the hub has to ask, and waits for the answer. An
// error is a [ReplyError], matches ErrTimeout or ErrNotConnected, or is that of ctx.
func (s *session) request(ctx context.Context, q question) (message, error) {
	m, err := s.do(ctx, q)
	return m, s.judge(q.name, m, err)
}

// judge returns the error of a request, from its failure or from its answer.
func (s *session) judge(name string, m message, err error) error {
	if err != nil {
		return err
	}
	err = m.failure(s.name(), name, s.harmless)
	if err != nil {
		s.counts.count(func(c *Counters) { c.Refused++ })
	}
	return err
}
