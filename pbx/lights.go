package pbx

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pbx365/connector/presence"
)

// lights are the states that an operator sees. They may be read at any time.
type lights struct {
	master *presence.Light

	mu    sync.Mutex // protects following
	byPBX map[string]*presence.Light
}

func newLights(master string) *lights {
	l := &lights{master: presence.NewLight("master PBX"), byPBX: map[string]*presence.Light{}}
	if master == "" {
		l.master.Starting("waiting for the first PBX")
	} else {
		l.master.Starting("waiting for " + master)
	}
	return l
}

func (l *lights) pbx(name string) *presence.Light {
	l.mu.Lock()
	defer l.mu.Unlock()
	light := l.byPBX[name]
	if light == nil {
		light = presence.NewLight("PBX " + name)
		l.byPBX[name] = light
	}
	return light
}

// connected shows a PBX by the connection that counts.
func (l *lights) connected(s *session, from CallSource) {
	detail := "connected"
	if s.hidden > 0 {
		detail += fmt.Sprintf("; hidden from the App object: %d", s.hidden)
	}
	switch light := l.pbx(s.name()); {
	case !s.has(apiPresence):
		light.Fail(&APIError{PBX: s.name(), API: apiPresence})
	case from == CallsOff:
		light.OK(detail)
	case s.calls.err != nil:
		light.Fail(fmt.Errorf("read calls: %w", s.calls.err))
	case !s.has(apiCalls):
		light.OK(detail + "; calls are not counted, RCC is not enabled")
	case s.calls.asked() && !s.calls.known():
		light.Starting("reading calls")
	default:
		light.OK(detail)
	}
}

func (l *lights) elected(master *session) {
	if !master.has(apiUsers) {
		l.master.Fail(&APIError{PBX: master.name(), API: apiUsers})
		return
	}
	l.master.Starting(master.name() + ": reading users")
}

// away shows that the connection of a PBX has ended, which may be the master.
func (l *lights) away(pbx string, master bool, err error, within time.Duration) {
	detail := fmt.Sprintf("expected back within %v of %s", within, time.Now().Format(time.TimeOnly))
	l.pbx(pbx).Retrying(detail, err)
	if master {
		l.master.Retrying(detail, err)
	}
}

// lost shows that a PBX did not come back.
func (l *lights) lost(pbx string, master bool, err error) {
	l.pbx(pbx).Fail(err)
	if master {
		l.master.Fail(err)
	}
}

// users says how far the users of the master are known, of how many the licence could not be checked,
// and what the last such check has failed with.
func (l *lights) users(master *session, users, unsettled, unproven int, err error, unchecked bool) {
	switch {
	case unsettled > 0:
		l.master.Retrying(fmt.Sprintf("%s: %d of %d licences to check", master.name(), unsettled, users), err)
	case unchecked:
		l.master.OK(fmt.Sprintf("%s, %d users; licences are not checked, PbxAdminApi is not enabled", master.name(), users))
	case unproven > 0:
		l.master.OK(fmt.Sprintf("%s, %d users; licences that cannot be checked, and count as not held: %d", master.name(), users, unproven))
	default:
		l.master.OK(fmt.Sprintf("%s, %d users", master.name(), users))
	}
}

func (l *lights) health() []presence.Health {
	health := []presence.Health{l.master.Health()}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(l.byPBX)) {
		health = append(health, l.byPBX[name].Health())
	}
	return health
}
