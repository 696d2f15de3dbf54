package presence_test

import "github.com/pbx365/connector/presence"

// account is one place on either side where the connector writes, or where it reads.
type account int

const (
	activity account = iota
	preferred
	session
	alien
	look
	accounts
)

func (a account) String() string {
	return [...]string{"the activity on the PBX", "the preferred presence", "the session", "the alien call", "a look"}[a]
}

func accountOf(a presence.Action) account {
	switch a.(type) {
	case presence.SetActivity:
		return activity
	case presence.SetPreferred, presence.ClearPreferred:
		return preferred
	case presence.SetSession, presence.ClearSession, presence.RenewSession:
		return session
	case presence.AddCall, presence.DelCall:
		return alien
	}
	return look
}

// ledger holds writes against their causes, and a write without one fails at once. A cause
// lets each account that it concerns have one write, because a decision is one write:
//
//   - A change in Teams, and what runs out there unless the connector had set it, is carried
//     to the activity once. A change on the PBX is carried to the preferred presence once.
//   - A call begins or ends with one write of a session or of an alien call. A call on the PBX
//     lifts or restores a preferred presence, and its session may hide or reveal what Teams
//     shows: one write each of the activity and the alien call. A call in Teams may be shown
//     busy, and what waits for its end comes then.
//   - Whatever is set may hide or reveal a call in Teams: one write of the alien call. Where
//     calls are not counted, that hides or reveals one on the PBX in turn.
//   - A stop ends each thing that a start begins again: two. A link that ends or begins: one.
//   - A fault lets the write that it hit be repeated, and what that overwrites be carried. A
//     notification older than what is known deceives, and is put right: two.
//   - A look has a cause in each read and notification, and in each write in Teams two: one to
//     learn what it did, one at the end of the settle time.
type ledger struct {
	causes, writes [accounts]int
}

// cause lets each account have one more write.
func (l *ledger) cause(of ...account) {
	for _, a := range of {
		l.causes[a]++
	}
}

// blame lets a write be repeated of which a fault has taken the effect or the answer. What is
// written over a change of hers may be taken for another one, and both are carried.
func (l *ledger) blame(a presence.Action) {
	if l.cause(accountOf(a), look); accountOf(a) == preferred {
		l.cause(activity, activity)
	}
}
