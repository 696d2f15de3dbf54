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

// ledger holds writes against their causes.
type ledger struct {
	causes, writes [accounts]int
}

// cause lets each account have one more write.
func (l *ledger) cause(of ...account) {
	for _, a := range of {
		l.causes[a]++
	}
}

// blame lets a write be repeated of which a fault has taken the effect or the answer.
func (l *ledger) blame(a presence.Action) { l.cause(accountOf(a), look) }
