package bridge

import (
	"strings"
	"time"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// seen is the latest look at a person on one side, and when the value was first
// seen.
type seen[T any] struct {
	look  T
	value string
	since time.Time
	lost  bool // cannot be seen for now
	// newest is the largest sequence number, and newestAt when it was seen last. Teams only.
	newest   string
	newestAt time.Time
	// told says that a notification has told of the value. Teams only.
	told bool
}

// doubt is how long a smaller sequence number may still be that of a late look. What is
// read after that shows that they have begun anew. No feed holds back such a read for less,
// since one that is dropped here may not come again.
const doubt = 10 * time.Second

// TeamsPeople takes the complete list of Teams people, each time it was read.
func (b *Bridge) TeamsPeople(people []match.TeamsUser) {
	b.mu.Lock()
	b.people = append([]match.TeamsUser{}, people...) // not nil, also where nobody is listed
	b.mu.Unlock()
	b.wakeMatch()
}

// PBXUser takes a user of the PBX who is new or has changed.
func (b *Bridge) PBXUser(u match.PBXUser) {
	b.mu.Lock()
	b.users[u.GUID] = u
	b.mu.Unlock()
	b.wakeMatch()
}

// PBXUserGone takes that a user is no longer on the PBX.
func (b *Bridge) PBXUserGone(guid string) {
	b.mu.Lock()
	delete(b.users, guid)
	delete(b.pbx, guid)
	b.mu.Unlock()
	b.wakeMatch()
}

// PBXSynced takes that every user of the PBX has been given to [Bridge.PBXUser].
func (b *Bridge) PBXSynced() {
	b.mu.Lock()
	b.synced = true
	b.mu.Unlock()
	b.wakeMatch()
}

// TeamsSeen takes what Teams shows of a person. An older look than the latest, by
// sequence number, is dropped, unless it was read so much later that the numbers must
// have begun anew.
func (b *Bridge) TeamsSeen(user string, look presence.TeamsSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.teams[user]
	if b.teamsSeen(user, look) && last != nil && last.told && !look.Notified && b.teams[user].value != last.value && b.links[user] != nil {
		b.repairs.FirstRead++
	}
}

// looked takes a look of the bridge itself, and reports whether it was a new one.
func (b *Bridge) looked(user string, look presence.TeamsSeen) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.teamsSeen(user, look)
}

// teamsSeen reports whether the look was a new one. The caller holds b.mu.
func (b *Bridge) teamsSeen(user string, look presence.TeamsSeen) bool {
	last := b.teams[user]
	n := next(last, look, strings.ToLower(look.Value.Activity), look.At, b.started)
	n.newest, n.newestAt = look.Sequence, look.At
	if last != nil && look.Sequence == "" {
		n.newest, n.newestAt = last.newest, last.newestAt
	} else if last != nil && look.Sequence < last.newest && (look.Notified || look.At.Before(last.newestAt.Add(doubt))) {
		return false
	}
	n.told = look.Notified || last != nil && last.told && last.value == n.value
	b.teams[user] = n
	l := b.links[user]
	if l != nil {
		l.timeline.teams(look)
	}
	if last == nil || last.value != n.value {
		l.arrived(time.Now())
	}
	b.wake(l)
	return true
}

// PBXSeen takes what the PBX shows of a user.
func (b *Bridge) PBXSeen(guid string, look presence.PBXSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.pbx[guid]
	b.pbx[guid] = next(last, look, look.Value.Activity, look.At, b.started)
	l := b.byGUID[guid]
	if l != nil && (last == nil || last.lost || last.look.Connection != look.Connection) {
		l.pbxHold.reset()
	}
	if l != nil {
		l.timeline.pbx(look)
	}
	if last == nil || last.value != look.Value.Activity || last.look.OnPhone != look.OnPhone {
		l.arrived(time.Now())
	}
	b.wake(l)
}

// PBXLost takes that a user of the PBX cannot be seen for now.
func (b *Bridge) PBXLost(guid string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.pbx[guid]
	if last == nil || last.lost {
		return
	}
	last.lost = true
	if l := b.byGUID[guid]; l != nil {
		l.timeline.lost(time.Now())
	}
}

// next keeps the time since which the value is the same. A first look says nothing
// about when the value came about, so it counts from the start.
func next[T any](last *seen[T], look T, value string, at, started time.Time) *seen[T] {
	n := &seen[T]{look: look, value: value, since: at}
	switch {
	case last == nil && !started.IsZero():
		n.since = started
	case last != nil && last.value == value:
		n.since = last.since
	}
	return n
}

func (b *Bridge) wakeMatch() {
	select {
	case b.rematch <- struct{}{}:
	default:
	}
}
