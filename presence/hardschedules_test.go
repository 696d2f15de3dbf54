package presence_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHardSchedules plays what is known to be hard.
func TestHardSchedules(t *testing.T) {
	t.Parallel()
	plays(t, map[string]story{
		"a hang-up while the person is in a Teams call too": {`
			0s a call begins on the PBX
			10s anna is shown InACall in Teams
			60s the call on the PBX ends
			300s the call in Teams ends
			600s the calls end, and nothing more happens`, []string{"session Busy/InACall", "clear session", "add alien call", "delete alien call"},
		},
		"dnd set before a call and lifted by the person during it": {`
			0s anna sets dnd on the PBX
			60s a call begins on the PBX
			300s anna clears her presence on the PBX
			600s the calls end, and nothing more happens`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "session Busy/InACall", "clear preferred presence", "clear session"},
		},
		"the preferred presence runs out": {`
			0s anna sets dnd on the PBX
			90000s anna's Teams client shows InAMeeting
			90300s the calls end, and nothing more happens`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "activity meeting"},
		},
		"a meeting on the PBX is Busy in Teams and stays a meeting": {`
			0s anna sets meeting on the PBX
			60s anna signs out of Teams
			120s anna's Teams client shows Available
			400s anna resets her status in Teams
			700s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "activity available"},
		},
		"set by hand in Teams during a PBX call": {`
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			300s anna chooses DoNotDisturb in Teams
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "activity dnd", "clear session"},
		},
		"the connector dies between alien call and store": {`
			0s the connector will be killed between answer and store
			1s anna is shown InACall in Teams
			300s the call in Teams ends
			600s the calls end, and nothing more happens`, []string{"add alien call", "add alien call", "delete alien call"},
		},
		"a person is moved to another PBX during a Teams call": {`
			0s anna is shown InACall in Teams
			60s anna is moved to the other PBX
			300s the call in Teams ends
			600s the calls end, and nothing more happens`, []string{"add alien call", "add alien call", "delete alien call"},
		},
		"whoever leaves Teams and comes back is nobody who writes there too": {`
			0s anna sets away on the PBX
			0s anna signs out of Teams
			0s a call begins on the PBX
			0.5s the call on the PBX ends
			1.5s anna is shown InACall in Teams
			1.5s anna signs out of Teams
			1.5s anna resets her status in Teams
			31.5s anna sets busy on the PBX
			211.5s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear session", "preferred presence Busy/Busy"},
		},
		"what comes back after a call is lost, and what was beneath shows": {`
			0s a call begins on the PBX
			0s anna's Teams client shows InAMeeting
			0s anna is shown InACall in Teams
			0.1s the next write is lost
			30.1s anna sets away on the PBX
			210.1s the calls end, and nothing more happens`, []string{"session Busy/InACall", "preferred presence Away/Away", "preferred presence Away/Away", "clear session"},
		},
		"the licence is lost during a call on either side": {`
			0s a call begins on the PBX
			1s anna is shown InAConferenceCall in Teams
			60s anna's licence is lost
			300s anna clears her presence on the PBX
			600s the calls end, and nothing more happens`, []string{"session Busy/InACall", "add alien call", "clear session", "delete alien call"},
		},
		"away, set during a call beside a meeting, stays": {`
			0s anna's Teams client shows InAMeeting
			60s a call begins on the PBX
			300s anna sets away on the PBX
			600s the calls end, and nothing more happens`, []string{"activity meeting", "session Busy/InACall", "preferred presence Away/Away", "clear session"},
		},
		"a lifted presence does not give way to the meeting beneath": {`
			0s anna's Teams client shows InAMeeting
			60s anna sets lunch on the PBX
			120s a call begins on the PBX
			400s the call on the PBX ends
			700s the calls end, and nothing more happens`, []string{"activity meeting", "preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "preferred presence Away/Away", "clear session"},
		},
		"a meeting that a Teams call had hidden is no change, and away stays": {`
			0s anna's Teams client shows InAMeeting
			30s a call begins on the PBX
			60s anna is shown InACall in Teams
			120s anna sets away on the PBX
			300s the call in Teams ends
			600s the calls end, and nothing more happens`, []string{"activity meeting", "session Busy/InACall", "preferred presence Away/Away", "clear session"},
		},
		"away stays when the connector dies at the hang-up, and is shown the PBX first": {`
			0s a call begins on the PBX
			30s anna's Teams client shows InAMeeting
			31s the connector will be killed before the store
			31s anna is shown InACall in Teams
			60s anna sets away on the PBX
			240s the calls end, and nothing more happens`, []string{"session Busy/InACall", "activity meeting", "preferred presence Away/Away", "clear session"},
		},
		"available, chosen before the session of a call has had its time to show, takes away": {`
			0s anna is shown InAConferenceCall in Teams
			30s anna sets away on the PBX
			60s a call begins on the PBX
			70s anna chooses Available in Teams
			300s the calls end, and nothing more happens`, []string{"add alien call", "session Busy/InACall", "delete alien call", "activity available", "clear session"},
		},
		"the own session is no call that the PBX has to show busy": {`
			0s the PBX refuses alien calls
			0s anna sets dnd on the PBX
			60s anna is shown InAConferenceCall in Teams
			120s a call begins on the PBX
			300s all troubles end
			600s anna clears her presence on the PBX
			600.5s anna signs out of Teams
			900s the calls end, and nothing more happens`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "session Busy/InACall", "clear preferred presence", "add alien call", "clear session"},
		},
		"an unknown value of a client takes nothing away during a call": {`
			0s a call begins on the PBX
			100s all troubles end
			300s the next notification is lost
			301s anna's Teams client shows Juggling
			304s anna sets meeting on the PBX
			600s the calls end, and nothing more happens`, []string{"session Busy/InACall", "preferred presence Busy/Busy", "clear session"},
		},
		"a write that shows after what a person had changed before it": {`
			0s changes show in Teams after 6s
			1s anna chooses Busy in Teams
			2s anna sets away on the PBX
			60s all troubles end
			300s anna signs out of Teams
			600s the link ends`, []string{"preferred presence Away/Away", "activity busy", "activity away", "clear preferred presence"},
		},
		"a clearing that shows late what it takes away": {`
			0s anna's Teams client shows InAMeeting
			30s changes show in Teams after 2s
			60s anna sets lunch on the PBX
			60.5s anna clears her presence on the PBX
			100s all troubles end
			300s anna signs out of Teams
			600s the calls end, and nothing more happens`, []string{"activity meeting", "preferred presence Away/Away", "clear preferred presence"},
		},
		"away in Teams just after lunch was taken away on the phone": {`
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			62s the call on the PBX ends
			65s anna clears her presence on the PBX
			66s the connector is stopped for 1s
			67s anna's Teams client shows Away
			300s anna's Teams client shows InAMeeting
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "preferred presence Away/Away", "clear session", "clear preferred presence", "activity away", "activity meeting"},
		},
		"a refused write leaves what was there before, and that is taken back": {`
			0s anna sets busy on the PBX
			60s the next write is refused
			60s anna sets dnd on the PBX
			300s all troubles end
			600s anna's Teams client shows Away
			900s the link ends`, []string{"preferred presence Busy/Busy", "preferred presence DoNotDisturb/DoNotDisturb", "clear preferred presence"},
		},
		"a refused write leaves what was there before, and that does not come back after a call": {`
			0s anna sets away on the PBX
			60s the next write is refused
			60s anna sets meeting on the PBX
			120s a call begins on the PBX
			300s all troubles end
			600s anna's Teams client shows Away
			900s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "clear session"},
		},
		"dnd on the phone counts where Teams only tells that somebody is there again": {`
			0s anna's Teams client shows InAMeeting
			60s all troubles end
			300s anna signs out of Teams
			300.5s anna's Teams client shows Available
			300.8s anna sets dnd on the PBX
			600s the calls end, and nothing more happens`, []string{"activity meeting", "activity available", "preferred presence DoNotDisturb/DoNotDisturb"},
		},
		"a doubted write that would have run out is no value that runs out": {`
			0s anna sets dnd on the PBX
			0.1s anna chooses Away in Teams
			8s the connector is killed for 25h0m0s
			90100s all troubles end
			90300s anna's Teams client shows Focusing
			90600s the calls end, and nothing more happens`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "activity away", "activity available", "activity dnd"},
		},
		"what is set on the phone while a write is on its way is not overwritten": {`
			0s the next write is lost
			60s anna's Teams client shows InAMeeting
			60.3s anna sets lunch on the PBX
			300s anna's Teams client shows Focusing
			600s the calls end, and nothing more happens`, []string{"activity meeting", "preferred presence Away/Away"},
		},
		"a link that ends during a call has nothing to clear of what made room for it": {`
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			300s anna's Teams client shows Away
			600s the link ends`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "clear session"},
		},
		"a call that ended while the connector was away leaves nothing to clear": {`
			0s a call begins on the PBX
			60s the connector is killed for 25h0m0s
			120s the call on the PBX ends
			90600s all troubles end
			90900s anna's Teams client shows Away
			91200s the calls end, and nothing more happens`, []string{"session Busy/InACall", "activity away"},
		},
		"what may not be cleared makes room for a call, and does not come back after it": {`
			0s anna sets lunch on the PBX
			60s the next write is refused
			60s anna clears her presence on the PBX
			300s a call begins on the PBX
			600s anna's Teams client shows Available
			900s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "clear preferred presence", "session Busy/InACall", "clear preferred presence", "clear session"},
		},
		"what replaced a write before that was seen is not the connector's": {`
			60s anna's Teams client shows InAMeeting
			60.12s the connection of the PBX is lost
			61s anna sets lunch on the PBX
			300s all troubles end
			600s anna signs out of Teams
			900s the link ends`, []string{"activity meeting", "preferred presence Away/Away", "clear preferred presence"},
		},
		"what may not be cleared is not trusted when it shows late": {`
			0s news of Teams take 12s
			60s anna sets away on the PBX
			60.1s anna clears her presence on the PBX
			60.5s the next write is refused
			61s anna chooses Busy in Teams
			300s all troubles end
			600s anna signs out of Teams
			900s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "clear preferred presence", "activity busy", "activity available"},
		},
		"a session that runs out during a call takes nothing from the phone": {`
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			200s the connector is killed for 20m0s
			300s the call on the PBX ends
			2000s all troubles end
			2300s anna sets worship on the PBX
			2600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "preferred presence Away/Away"},
		},
		"what anna has chosen before she left is hers, whatever was written before": {`
			0s anna sets busy on the PBX
			5s anna chooses DoNotDisturb in Teams
			8s anna signs out of Teams
			300s all troubles end
			600s anna sets worship on the PBX
			900s the link ends`, []string{"preferred presence Busy/Busy", "activity dnd", "activity available"},
		},
		"an idle client is no write of ours": {`
			0s anna sets lunch on the PBX
			5s anna resets her status in Teams
			8s anna signs out of Teams
			3600s anna's Teams client shows Away
			4000s a call begins on the PBX
			4300s the call on the PBX ends
			4350s all troubles end
			4600s anna's Teams client shows Available
			4900s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "activity available", "activity away", "session Busy/InACall", "clear session", "activity available"},
		},
		"a refused alien call hides no call where calls are not counted": {`
			0s calls on the PBX cannot be counted
			0s the PBX refuses alien calls
			0s anna is shown InACall in Teams
			60s the call in Teams ends
			61s anna is shown InAConferenceCall in Teams
			62s a call begins on the PBX
			300s anna's Teams client shows Away
			600s the calls end, and nothing more happens`, []string{"add alien call", "activity busy", "activity available", "add alien call", "activity busy", "session Busy/InACall", "clear session", "activity away"},
		},
		"a Teams call that goes on while its alien call is deleted without an answer": {`
			0s anna is shown InACall in Teams
			1s the next write is carried out without an answer
			2s anna chooses Available in Teams
			2.1s anna resets her status in Teams
			300s the call in Teams ends
			600s the calls end, and nothing more happens`, []string{"add alien call", "delete alien call", "delete alien call", "add alien call", "delete alien call"},
		},
		"signing out while a meeting is on its way to Teams": {`
			0s anna sets meeting on the PBX
			0.03s anna signs out of Teams
			3s anna's Teams client shows Available
			300s anna's Teams client shows Away
			600s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy"},
		},
		"signing out while a meeting is being taken away": {`
			0s anna's Teams client shows InAMeeting
			0.05s the next write is carried out without an answer
			0.05s anna's Teams client shows Available
			0.1s anna signs out of Teams
			300s anna's Teams client shows Available
			600s the calls end, and nothing more happens`, []string{"activity meeting", "activity available"},
		},
		"what may not be taken back is tried once": {`
			0s anna's Teams client shows InAMeeting
			60s the next write is refused
			60s the next write is refused
			60s anna's licence is lost
			300s anna signs out of Teams
			600s the calls end, and nothing more happens`, []string{"activity meeting", "activity available"},
		},
		"a hang-up while the connector is away, after a renewal that nobody learnt of": {`
			0s a call begins on the PBX
			300.04s the connector is killed for 20m0s
			302s the call on the PBX ends
			700s Teams is read
			880s anna signs out of Teams
			1200s the calls end, and nothing more happens`, []string{"session Busy/InACall", "session Busy/InACall", "clear session"},
		},
		"a session that could not be ended before a stop is no Teams call after it": {`
			0s a call begins on the PBX
			60s the next write is refused
			60s the connector is stopped for 1s
			61s the call on the PBX ends
			1000s anna signs out of Teams
			1300s the calls end, and nothing more happens`, []string{"session Busy/InACall", "clear session"},
		},
		"a clearing without an answer, and away before it is repeated": {`
			0s anna chooses Busy in Teams
			60s the next write is carried out without an answer
			60s anna clears her presence on the PBX
			60.1s anna sets away on the PBX
			300s anna chooses Available in Teams
			600s the calls end, and nothing more happens`, []string{"activity busy", "clear preferred presence", "preferred presence Away/Away", "activity available"},
		},
		"the licence is lost while a clearing is on its way, and its answer too": {`
			0s anna sets away on the PBX
			0s anna clears her presence on the PBX
			0.1s the next write is lost
			0.13s anna's licence is lost
			30.13s anna's Teams client shows Away
			210.13s the calls end, and nothing more happens`,
			[]string{"preferred presence Away/Away", "clear preferred presence", "clear preferred presence"},
		},
		"a hang-up whose answer is lost before the preferred presence is back": {`
			0s a call begins on the PBX
			0s anna is shown InAConferenceCall in Teams
			0.5s the next write is carried out without an answer
			30.5s anna sets away on the PBX
			210.5s the calls end, and nothing more happens`,
			[]string{
				"session Busy/InACall", "add alien call", "clear session", "delete alien call",
				"preferred presence Away/Away", "clear session",
			},
		},
		"the licence is lost while a clearing is on its way": {`
			0s anna sets away on the PBX
			60s the next write is lost
			60s anna clears her presence on the PBX
			60.05s anna's licence is lost
			300s anna signs out of Teams
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "clear preferred presence", "clear preferred presence"},
		},
	})
}

// story is a schedule and all that the connector writes in it, renewals aside.
type story struct {
	schedule string
	writes   []string
}

func plays(t *testing.T, stories map[string]story) {
	for name, c := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.play(read(c.schedule))
			require.Equal(t, c.writes, m.made)
		})
	}
}

// A schedule that is printed reads as the same one.
func TestSchedulesReadAsTheyArePrinted(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		values := k.values
		if values == nil {
			values = []string{""}
		}
		for _, v := range values {
			s := schedule{{at: 90000030e6, what: k, value: v}}
			require.Equal(t, s.String(), read(s.String()).String())
			require.Same(t, k, read(s.String())[0].what)
		}
	}
}
