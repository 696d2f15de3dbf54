package pbx

import "time"

// silence is the time in which nobody knows what calls there are on a PBX: from when it is first
// heard of, or its connection is lost, until it has told them or is not awaited any more. A call stays
// where it began when its user moves, so more people than those who live there may have one.
type silence struct {
	everyone bool            // who lived there before the start is not known; for the time of gathering
	users    map[string]bool // who had a call there, or has left meanwhile
	over     bool
}

// gathering is the time in which the PBXs come after a start. One that does not come by then holds
// up only those of whom it is known that they may have a call there.
const gathering = 15 * time.Second

// expect begins the silence of a PBX that is heard of for the first time. Those that are not named
// yet count as one without a name.
func (h *hub) expect(pbx string) {
	if h.silences[pbx] == nil {
		unnamed := h.silences[""]
		starting := unnamed == nil || !unnamed.over
		h.fallSilent(pbx, &silence{everyone: starting && h.opts.Calls == CallsOfPBX, users: map[string]bool{}})
	}
}

// interrupt begins the silence of a PBX that has told its calls until now.
func (h *hub) interrupt(s *session) {
	if !s.has(apiCalls) || h.opts.Calls == CallsOfPBX && !s.calls.known() {
		return
	}
	users := map[string]bool{}
	for user := range s.calls.byUser {
		users[user] = true
	}
	h.fallSilent(s.name(), &silence{users: users})
}

func (h *hub) fallSilent(pbx string, s *silence) {
	if h.opts.Calls == CallsOff {
		return
	}
	h.silences[pbx] = s
	after := func(d time.Duration, do func()) {
		time.AfterFunc(d, func() {
			h.post(func() {
				if h.silences[pbx] == s {
					do()
				}
			})
		})
	}
	after(h.opts.ReconnectWithin, func() { h.endSilence(pbx) })
	if s.everyone {
		after(gathering, func() {
			s.everyone = false
			h.reviewAll()
		})
	}
}

// endSilence tells what everybody shows who was in doubt because of a PBX.
func (h *hub) endSilence(pbx string) {
	if h.heard(pbx) {
		h.reviewAll()
	}
}

// heard ends the silence of a PBX, and reports whether there was one.
func (h *hub) heard(pbx string) bool {
	s := h.silences[pbx]
	if s == nil || s.over {
		return false
	}
	s.over = true
	return true
}

// movedFrom takes down that a call of a user may stay behind on a PBX.
func (h *hub) movedFrom(pbx, guid string) {
	if s := h.silences[pbx]; s != nil {
		s.users[guid] = true
	}
}

// doubts reports whether a watched user may have a call that was not told.
func (h *hub) doubts(u *user) bool {
	if r := h.readingOf(u); (r.counts() || r.asking) && !r.known() {
		return true
	}
	for pbx, s := range h.silences {
		if !s.over && (s.everyone || pbx == u.Home || s.users[u.GUID]) {
			return true
		}
	}
	return false
}
