package presence_test

import (
	"slices"
	"testing"
)

// TestSchedulesOfTrouble plays outages, losses and delays.
func TestSchedulesOfTrouble(t *testing.T) {
	t.Parallel()
	plays(t, map[string]story{
		"a licence is lost while the connector is down, and what it wrote last was doubted": {`
			0s changes show in Teams after 6s
			0.5s news of the PBX take 2s
			5.5s anna sets busy on the PBX
			5.6s anna's Teams client shows Away
			13.6s the connector is killed for 25h0m0s
			3613.6s anna's licence is lost
			3650.26s anna clears her presence on the PBX
			3830.26s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "activity away", "clear preferred presence", "activity available"},
		},
		"the old value is set again on the phone while the connector is down": {`
			0s changes show on the PBX after 2s
			1s anna sets away on the PBX
			30s anna chooses Busy in Teams
			31s the connector is killed for 20m0s
			35s anna sets away on the PBX
			1500s all troubles end
			1800s anna signs out of Teams
			2100s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "activity busy", "preferred presence Away/Away"},
		},
		"a licence is lost before it shows what has become of a write": {`
			0s anna has long shown dnd on the PBX
			0s changes show on the PBX after 100ms
			0s the next write is carried out without an answer
			60s news of the PBX take 2s
			65.5s anna's Teams client shows InAMeeting
			67.1s anna's licence is lost
			300s anna clears her presence on the PBX
			500s the link ends`, []string{"activity meeting", "activity available"},
		},
		"a call is taken up again while the end of the one before does not show": {`
			10s anna sets meeting on the PBX
			730s changes show in Teams after 12s
			731s a call begins on the PBX
			90771s the call on the PBX ends
			90771.1s a call begins on the PBX
			91200s anna signs out of Teams
			91400s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "clear session", "session Busy/InACall", "clear session"},
		},
		"what is put back under cover of a call comes back after it": {`
			0s a call hides what is set on the PBX
			3s news of the PBX take 12s
			3s anna signs out of Teams
			3s changes show in Teams after 12s
			103s anna chooses DoNotDisturb in Teams
			203s anna sets busy on the PBX
			206s anna is shown Presenting in Teams
			223.6s a call begins on the PBX
			261.6s anna's Teams client shows Inactive
			441.6s the connector is stopped in order`, []string{
			"preferred presence Busy/Busy", "activity dnd", "activity busy", "session Busy/InACall", "clear preferred presence", "add alien call", "preferred presence Busy/Busy", "clear session", "delete alien call", "session Busy/InACall", "clear preferred presence", "add alien call", "clear session", "preferred presence Busy/Busy", "delete alien call",
		},
		},
		"what is put back on the phone does not show yet when its person leaves": {`
			0s changes show on the PBX after 2s
			68.5s anna sets busy on the PBX
			69s changes show in Teams after 12s
			69.03s anna's Teams client shows Away
			71.53s anna signs out of Teams
			252.53s anna's Teams client shows Inactive
			432.53s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "activity away", "activity busy"},
		},
		"a clearing that a lost licence has made leave may still be to be done": {`
			0s anna sets busy on the PBX
			60s Teams takes no writes for 20s
			60.5s a call begins on the PBX
			63s anna clears her presence on the PBX
			66s anna's licence is lost
			67s anna's licence is back
			70s anna sets meeting on the PBX
			600s anna signs out of Teams
			900s the calls end, and nothing more happens`, []string{
			"preferred presence Busy/Busy", "session Busy/InACall", "session Busy/InACall", "session Busy/InACall", "session Busy/InACall", "session Busy/InACall",
			"clear preferred presence", "preferred presence Busy/Busy", "clear session",
		},
		},
		"to come to Teams is no choice over what has not arrived there": {`
			0s anna signs out of Teams
			60s Teams takes no writes for 15m0s
			62s anna sets meeting on the PBX
			90s anna is shown InAConferenceCall in Teams
			130s the call in Teams ends
			1300s anna sets away on the PBX
			1600s the calls end, and nothing more happens`, append(append(slices.Repeat([]string{"preferred presence Busy/Busy"}, 5), "add alien call"),
			"preferred presence Busy/Busy", "preferred presence Busy/Busy", "delete alien call", "preferred presence Busy/Busy", "preferred presence Away/Away"),
		},
		"what shows again with a session while its person is signed out was not chosen": {`
			0s changes show in Teams after 2s
			60s anna sets dnd on the PBX
			64.1s anna signs out of Teams
			65s the next write is carried out without an answer
			65.2s a call begins on the PBX
			65.25s anna sets busy on the PBX
			65.25s all troubles end
			200s anna sets worship on the PBX
			500s the link ends`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "session Busy/InACall", "session Busy/InACall", "clear preferred presence", "clear session"},
		},
		"what is to make room and shows again was not chosen": {`
			1s anna sets meeting on the PBX
			2.5s the connection of the PBX is lost
			2.6s news of Teams take 6s
			3.1s anna sets lunch on the PBX
			4.2s anna signs out of Teams
			4.3s a call begins on the PBX
			4.4s answers take 12s
			15.4s the next write is lost
			20s all troubles end
			600s anna resets her status in Teams
			800s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "clear preferred presence", "preferred presence Away/Away", "clear session"},
		},
		"the session has come and gone unheard, which gives its number to what shows again": {`
			99s news of Teams take 12s
			104s the next notification is lost
			90104s a call begins on the PBX
			90106.5s changes show in Teams after 12s
			90108s the call on the PBX ends
			90124s anna sets dnd on the PBX
			90200s all troubles end
			90400s anna clears her presence on the PBX
			90600s the calls end, and nothing more happens`, []string{"session Busy/InACall", "clear session", "preferred presence DoNotDisturb/DoNotDisturb", "clear preferred presence"},
		},
		"what a person took back while nobody looked is covered by a call, and she signs out": {`
			0s a call hides what is set on the PBX
			12s anna sets dnd on the PBX
			13s the connector is stopped for 20m0s
			768s anna clears her presence on the PBX
			780s a call begins on the PBX
			1500s anna signs out of Teams
			1700s the connector is stopped in order`, []string{
			"preferred presence DoNotDisturb/DoNotDisturb", "session Busy/InACall", "clear session", "session Busy/InACall", "clear preferred presence", "clear session",
		},
		},
		"the same is set again on the phone while its connection is lost": {`
			0s changes show on the PBX after 100ms
			1s anna sets away on the PBX
			30s anna chooses Busy in Teams
			30.25s the connection of the PBX is lost
			31s anna sets away on the PBX
			60s anna signs out of Teams
			300s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "activity busy", "preferred presence Away/Away"},
		},
		"a call hides what is written during it, and it shows afterwards": {`
			0s a call hides what is set on the PBX
			1s anna sets away on the PBX
			20s a call begins on the PBX
			60s anna chooses DoNotDisturb in Teams
			300s the call on the PBX ends
			600s anna resets her status in Teams
			800s the link ends`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "activity dnd", "clear session", "activity available"},
		},
		"the connector begins while a call hides what has long been set": {`
			0s a call hides what is set on the PBX
			0s anna has long shown vacation on the PBX
			5s anna's licence is lost
			10s a call begins on the PBX
			20s anna's licence is back
			300s the call on the PBX ends
			600s anna signs out of Teams
			800s the link ends`, []string{"session Busy/InACall", "clear session"},
		},
		"what came from the phone is put back there, and stays": {`
			10.23s changes show in Teams after 6s
			10.26s anna's Teams client shows InAMeeting
			10.76s anna sets away on the PBX
			12.26s the next write is lost
			12.3s all troubles end
			27.26s anna signs out of Teams
			245.39s the link ends`, []string{"preferred presence Away/Away", "activity meeting", "activity away", "clear preferred presence"},
		},
		"a taking back is decided before what it takes back shows": {`
			0s changes show on the PBX after 2s
			8s anna chooses Busy in Teams
			9.5s anna resets her status in Teams
			300s anna chooses Away in Teams
			500s the link ends`, []string{"activity busy", "activity available", "activity away", "activity available"},
		},
		"a session that nobody has looked at tells of no choice": {`
			762.1s Teams takes no writes for 20s
			762.6s the next notification is lost
			763.6s Teams cannot be read for 15m0s
			763.63s anna sets meeting on the PBX
			766.63s a call begins on the PBX
			90773.36s all troubles end
			90961.36s anna resets her status in Teams
			91141.36s the calls end, and nothing more happens`, append(append([]string{"preferred presence Busy/Busy", "preferred presence Busy/Busy"},
			slices.Repeat([]string{"session Busy/InACall"}, 4)...), "clear preferred presence", "clear session"),
		},
		"what arrives late does not take away what was set on the phone": {`
			0s changes show in Teams after 6s
			1s anna's Teams client shows Inactive
			2s anna sets lunch on the PBX
			60s all troubles end
			300s anna sets worship on the PBX
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away"},
		},
		"Available chosen during a call, after what was preferred has run out": {`
			0s anna sets busy on the PBX
			86000s a call begins on the PBX
			86460s all troubles end
			86700s anna chooses Available in Teams
			86900s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "activity available", "clear session"},
		},
		"what has not made room yet, and is cleared before the link ends": {`
			5s anna sets away on the PBX
			60s a call begins on the PBX
			60.1s Teams takes no writes for 15m0s
			366s anna clears her presence on the PBX
			366.5s anna's licence is lost
			1500s all troubles end
			2000s anna chooses Away in Teams
			2300s the calls end, and nothing more happens`, append([]string{"preferred presence Away/Away", "session Busy/InACall"}, append(slices.Repeat([]string{"clear preferred presence"}, 21), "clear session")...),
		},
	})
}

// TestSchedulesOfClearing plays what is taken back, and what shows then.
func TestSchedulesOfClearing(t *testing.T) {
	t.Parallel()
	plays(t, map[string]story{
		"no preferred presence was there, so what shows next has changed": {`
			0.1s anna's Teams client shows Focusing
			43s anna clears her presence on the PBX
			47s anna's Teams client shows Away
			300s the calls end, and nothing more happens`, []string{"activity dnd", "clear preferred presence", "activity away"},
		},
		"nobody was at Teams, so whoever comes has changed": {`
			10s anna signs out of Teams
			60s anna sets busy on the PBX
			200s anna clears her presence on the PBX
			205s anna's Teams client shows InAMeeting
			400s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "clear preferred presence", "activity meeting"},
		},
		"what is in no table was beneath": {`
			10s anna's Teams client shows Juggling
			60s anna chooses Busy in Teams
			200s anna clears her presence on the PBX
			240s anna's Teams client shows InAMeeting
			400s the calls end, and nothing more happens`, []string{"activity busy", "clear preferred presence", "activity meeting"},
		},
		"what is in no table ends while something stands on the phone": {`
			10s anna's Teams client shows Juggling
			60s anna chooses Busy in Teams
			200s anna clears her presence on the PBX
			240s anna sets worship on the PBX
			260s anna's Teams client shows Available
			500s the calls end, and nothing more happens`, []string{"activity busy", "clear preferred presence"},
		},
		"a link begins with what is in no table": {`
			5s anna's licence is lost
			60s anna's Teams client shows Juggling
			120s anna's licence is back
			180s anna's Teams client shows Focusing
			400s the calls end, and nothing more happens`, []string{"activity dnd"},
		},
		"a late notification of what waits for the end of a call and is cleared": {`
			1s news of Teams take 12s
			3s anna sets busy on the PBX
			3.1s a call begins on the PBX
			12s anna clears her presence on the PBX
			60s all troubles end
			120s anna chooses DoNotDisturb in Teams
			400s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "activity dnd", "clear session"},
		},
		"a clearing of what does not show yet is refused": {`
			1s news of Teams take 2s
			60s anna sets away on the PBX
			60.03s anna clears her presence on the PBX
			60.5s the next write is refused
			100s all troubles end
			160s anna signs out of Teams
			400s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "clear preferred presence"},
		},
	})
}
