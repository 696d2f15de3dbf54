package pbx_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// faults lets some of the requests fail while it is switched on.
type faults struct {
	mu   sync.Mutex
	rand *rand.Rand
	on   bool
}

func (f *faults) of(_, mt string) pbxtest.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on || mt == "ReplicateStart" {
		return pbxtest.FaultNone
	}
	switch f.rand.IntN(100) {
	case 0:
		return pbxtest.FaultRefuse
	case 1:
		return pbxtest.FaultIgnore
	case 2:
		return pbxtest.FaultLate
	}
	switch f.rand.IntN(1000) {
	case 0:
		return pbxtest.FaultDrop
	case 1:
		return pbxtest.FaultDropAfter
	}
	return pbxtest.FaultNone
}

func (f *faults) set(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
}

// An hour in the life of a system with a slave: people set, call, move, come and go; links
// break, hang and are doubled; requests are refused and lost; and in between there are
// minutes in which nothing but keep-alives and pings crosses the wire. Every few minutes
// all is well for a while, and then the reader of the events knows what is.
func TestAnHour(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3} {
		for name, o := range map[string]pbx.Options{
			"calls of PBXs":  {Master: "master"},
			"calls of users": {Master: "master", Calls: pbx.CallsOfUsers},
			"on the master":  {PresenceOnMaster: true, Calls: pbx.CallsOff},
			"in own names":   {Master: "master", WatchImpersonated: true},
		} {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { hour(t, o, seed) })
			})
		}
	}
}

func hour(t *testing.T, o pbx.Options, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	faulty := &faults{rand: rand.New(rand.NewPCG(seed, 1))}
	s := newSite(t, o)
	homes := []string{"master", "slave"}
	var guids []string
	for i := range 40 {
		guids = append(guids, s.system.AddUser(pbxtest.User{
			Name: fmt.Sprint("u", i), LongName: fmt.Sprint("User ", i), Home: homes[i%2], Licensed: i%10 > 0, Hidden: i%10 == 1,
		}).GUID)
	}
	master := s.start(pbxtest.Options{Name: "master", Fault: faulty.of, FragmentSize: 1000})
	// Pings of both sides at one instant would lock up a pipe, which has no buffer.
	slave := s.start(pbxtest.Options{Name: "slave", Slave: true, Fault: faulty.of, PingInterval: 21700 * time.Millisecond})
	pbxs := []*pbxtest.PBX{master, slave}
	var calls []*pbxtest.Call

	act := func() {
		guid, p := guids[random.IntN(len(guids))], pbxs[random.IntN(2)]
		switch random.IntN(13) {
		case 0, 1, 2:
			_ = s.system.SetPresence(guid, "tel:", []string{"", "away", "dnd", "meeting"}[random.IntN(4)], "note")
		case 3, 4:
			if call, err := s.system.StartCall(guid, pbxtest.CallOptions{Incoming: random.IntN(2) == 0, Remote: "1"}); err == nil {
				call.Connect()
				calls = append(calls, call)
			}
		case 5:
			for _, call := range calls {
				call.HangUp()
			}
			calls = nil
		case 6:
			p.Drop()
		case 7:
			p.Duplicate()
		case 8:
			p.Pause()
		case 9:
			p.Resume()
		case 10:
			if o.Calls == pbx.CallsOfUsers && s.system.OnThePhone(guid) {
				return // the new home would not tell that call
			}
			s.system.UpdateUser(guid, func(u *pbxtest.User) { u.Home = homes[random.IntN(2)] })
		case 11:
			s.system.UpdateUser(guid, func(u *pbxtest.User) { u.Hidden = !u.Hidden })
		case 12:
			p.Vanish()
		}
	}
	for range 6 {
		faulty.set(true)
		for range 60 {
			act()
			time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
		}
		faulty.set(false)
		for _, p := range pbxs {
			p.Resume()
		}
		time.Sleep(8 * time.Minute)
		s.agrees(guids, o.WatchImpersonated)
		if o.Calls == "" {
			require.Equal(t, len(calls), s.talks())
		}
	}
	require.NotZero(t, s.server.Counters().Timeouts)
	for _, h := range s.server.Health() {
		require.Equal(t, presence.StateOK, h.State, "%+v", h)
	}
}

// agrees asserts that what the events have told is what is.
func (s *site) agrees(guids []string, hiddenToo bool) {
	s.t.Helper()
	for _, guid := range guids {
		user, _ := s.system.User(guid)
		seen, known := s.presence(guid)
		require.Equal(s.t, user.Licensed && (!user.Hidden || hiddenToo), known, user.Name)
		if known {
			require.Equal(s.t, s.system.Activity(guid), seen.Value.Activity, user.Name)
			require.Equal(s.t, s.system.OnThePhone(guid), seen.OnPhone, user.Name)
		}
		require.Equal(s.t, user.Home, s.people()[guid].Home)
	}
	require.Len(s.t, s.people(), len(guids))
}
