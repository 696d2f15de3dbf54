package presence_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pbx365/connector/presence"
)

// TestAnyMemoryIsGoneOnWith has decisions taken from whatever may be stored, since one that cannot
// be taken cannot be taken after a restart either.
func TestAnyMemoryIsGoneOnWith(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := rapid.Map(rapid.IntRange(-7200, 7200), func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) })
	value := rapid.Map(rapid.SampledFrom([]string{"", "Available", "Away", "Busy", "InACall", "InAMeeting", "Offline", "Juggling"}), shows)
	word := rapid.SampledFrom([]string{"", "away", "busy", "dnd", "worship", "on-the-phone"})
	stage := rapid.SampledFrom([]presence.Stage{
		presence.Pending, presence.Sent, presence.Stands, presence.Hidden, presence.Refused, presence.Doubted,
		presence.Lifting, presence.Lifted, presence.Renewing, presence.Leaving, presence.Gone,
	})
	rapid.Check(t, func(t *rapid.T) {
		m := presence.Memory{
			Agreed: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.Pair {
				return presence.Pair{Teams: value.Draw(t, "teams"), PBX: word.Draw(t, "pbx")}
			}), true).Draw(t, "agreed"),
			ToPBX: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.PBXWrite {
				return presence.PBXWrite{Activity: word.Draw(t, "activity"), Old: word.Draw(t, "old"), Stage: stage.Draw(t, "stage"), At: at.Draw(t, "at")}
			}), true).Draw(t, "to PBX"),
			ToTeams: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.TeamsWrite {
				return presence.TeamsWrite{
					Value: value.Draw(t, "value"), Old: value.Draw(t, "old"), Trail: rapid.SliceOfN(value, 0, 2).Draw(t, "trail"),
					Stage: stage.Draw(t, "stage"), At: at.Draw(t, "at"), Until: at.Draw(t, "until"), Under: value.Draw(t, "under"),
				}
			}), true).Draw(t, "to Teams"),
			Session: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.Session {
				return presence.Session{Value: shows("InACall"), Stage: stage.Draw(t, "stage"), At: at.Draw(t, "at"), Until: at.Draw(t, "until")}
			}), true).Draw(t, "session"),
			Call: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.Call {
				return presence.Call{Home: "master", ID: 1, Connection: 1, Stage: stage.Draw(t, "stage"), At: at.Draw(t, "at")}
			}), true).Draw(t, "call"),
		}
		v := presence.View{
			Now: noon, Goal: rapid.SampledFrom([]presence.Goal{presence.Sync, presence.Pause, presence.TakeBack}).Draw(t, "goal"),
			Teams: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.TeamsSeen {
				return presence.TeamsSeen{Value: value.Draw(t, "shown"), Notified: rapid.Bool().Draw(t, "notified"), At: at.Draw(t, "at")}
			}), true).Draw(t, "teams"),
			PBX: rapid.Ptr(rapid.Custom(func(t *rapid.T) presence.PBXSeen {
				return presence.PBXSeen{
					Value: presence.PBX{Activity: word.Draw(t, "shown")}, OnPhone: rapid.Bool().Draw(t, "phone"),
					Counted: rapid.Bool().Draw(t, "counted"), Home: "master", Connection: 1, At: noon,
				}
			}), true).Draw(t, "pbx"),
			LooksHeld: rapid.Bool().Draw(t, "looks held"),
		}
		for range 12 {
			d := rules.Merge(m, v)
			if rules.Apart(d.Memory, v); d.Action == nil {
				return
			}
			m = rules.Done(d.Memory, d.Action, presence.Outcome{At: noon, Err: rapid.SampledFrom([]error{nil, errUnanswered, presence.ErrRefused}).Draw(t, "err")})
		}
	})
}
