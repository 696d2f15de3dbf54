package pbxtest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// mirror is what a service knows that believes each message and asks for nothing twice.
type mirror struct {
	presence map[string][]pbxtest.Contact // by src
	up       map[string]bool
	rows     map[string]string // Long Names by guid
	calls    map[int]bool      // whether connected
	aliens   map[string][]int  // by src of AddAlienCall
}

func newMirror() *mirror {
	return &mirror{
		presence: make(map[string][]pbxtest.Contact),
		up:       make(map[string]bool),
		rows:     make(map[string]string),
		calls:    make(map[int]bool),
		aliens:   make(map[string][]int),
	}
}

func (m *mirror) hear(text string) error {
	var f struct {
		MT, Src, Msg    string
		Up              bool
		Presence        []pbxtest.Contact
		Columns         struct{ GUID, CN string }
		Call, State, ID int
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return err
	}
	switch f.MT {
	case "PresenceState":
		m.up[f.Src] = f.Up
	case "PresenceUpdate":
		m.presence[f.Src] = f.Presence
	case "ReplicateAdd", "ReplicateUpdate", "ReplicateNextResult":
		m.rows[f.Columns.GUID] = f.Columns.CN
	case "ReplicateDel":
		delete(m.rows, f.Columns.GUID)
	case "CallAdd":
		m.calls[f.Call] = f.State&15 == 5
	case "CallUpdate":
		switch f.Msg {
		case "x-conn", "r-conn":
			m.calls[f.Call] = true
		case "r-disc", "x-rel":
			m.calls[f.Call] = false
		}
	case "CallDel":
		delete(m.calls, f.Call)
	case "AddAlienCallResult":
		m.aliens[f.Src] = append(m.aliens[f.Src], f.ID)
	}
	return nil
}

// settle takes in all frames that are on their way.
func (m *mirror) settle(t require.TestingT, l *link) {
	for {
		synctest.Wait()
		select {
		case f := <-l.frames:
			require.NoError(t, m.hear(f.text), f.text)
		default:
			return
		}
	}
}

// TestMirrorOfTheSystem has people and the service do things in any order; a mirror of the
// messages must always equal the system.
func TestMirrorOfTheSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := pbxtest.NewSystem("example.com")
		_, l := connected(t, sys)
		m := newMirror()
		l.ask(`{"api":"RCC","mt":"Initialize","calls":true}`)
		l.ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"guid":{},"cn":{}}}`)
		round := 0
		rapid.Check(struct{ rapid.TB }{t}, func(t *rapid.T) {
			round++
			guid := fmt.Sprint("guid", round)
			name := fmt.Sprint("user", round)
			sys.AddUser(pbxtest.User{GUID: guid, Name: name})
			l.send(fmt.Sprintf(`{"api":"PbxApi","mt":"SubscribePresence","src":%q,"sip":%q}`, guid, name))
			var calls []*pbxtest.Call
			connected := make(map[*pbxtest.Call]bool)
			activity := rapid.SampledFrom([]string{"", "away", "busy", "dnd", "meeting"})
			contact := rapid.SampledFrom([]string{"tel:", "im:", "calendar:"})
			t.Repeat(map[string]func(*rapid.T){
				"presence by the person": func(t *rapid.T) {
					require.NoError(t, sys.SetPresence(guid, contact.Draw(t, "c"), activity.Draw(t, "a"), "n"))
				},
				"presence by the service": func(t *rapid.T) {
					l.send(fmt.Sprintf(`{"api":"PbxApi","mt":"SetPresence","guid":%q,"contact":%q,"activity":%q}`,
						guid, contact.Draw(t, "c"), activity.Draw(t, "a")))
				},
				"call": func(t *rapid.T) {
					call, err := sys.StartCall(guid, pbxtest.CallOptions{Incoming: rapid.Bool().Draw(t, "in")})
					require.NoError(t, err)
					calls = append(calls, call)
				},
				"answer": func(t *rapid.T) {
					if len(calls) > 0 {
						call := rapid.SampledFrom(calls).Draw(t, "call")
						call.Connect()
						connected[call] = true
					}
				},
				"hang up": func(t *rapid.T) {
					if len(calls) > 0 {
						calls[0].HangUp()
						delete(connected, calls[0])
						calls = calls[1:]
					}
				},
				"alien call": func(*rapid.T) {
					l.send(fmt.Sprintf(`{"api":"PbxApi","mt":"AddAlienCall","src":%q,"guid":%q}`, guid, guid))
				},
				"end of an alien call": func(*rapid.T) {
					m.settle(t, l)
					if ids := m.aliens[guid]; len(ids) > 0 {
						l.send(fmt.Sprintf(`{"api":"PbxApi","mt":"DelAlienCall","id":%d}`, ids[0]))
						m.aliens[guid] = ids[1:]
					}
				},
				"rename": func(t *rapid.T) {
					long := rapid.StringMatching(`[A-Za-zäöü<>& ]{0,8}`).Draw(t, "cn")
					require.True(t, sys.UpdateUser(guid, func(u *pbxtest.User) { u.LongName = long }))
				},
				"visibility": func(*rapid.T) {
					require.True(t, sys.UpdateUser(guid, func(u *pbxtest.User) { u.Hidden = !u.Hidden }))
				},
				"": func(t *rapid.T) {
					m.settle(t, l)
					user, ok := sys.User(guid)
					require.True(t, ok)
					require.Equal(t, user.LongName, m.rows[guid])
					require.Equal(t, !user.Hidden, m.up[guid])
					if !user.Hidden {
						require.Equal(t, sys.Presence(guid), m.presence[guid])
					}
					require.Len(t, m.aliens[guid], sys.AlienCalls(guid))
					require.Len(t, m.calls, len(calls))
					talking := 0
					for active := range maps.Values(m.calls) {
						if active {
							talking++
						}
					}
					require.Equal(t, len(connected), talking)
					require.Equal(t, talking+len(m.aliens[guid]) > 0, sys.OnThePhone(guid))
				},
			})
			sys.RemoveUser(guid)
			m.settle(t, l)
			require.NotContains(t, m.rows, guid)
			require.False(t, m.up[guid])
			require.Empty(t, m.calls, "calls end with their user")
			require.Zero(t, sys.Subscriptions(guid))
		})
		require.Empty(t, sys.Violations())
	})
}
