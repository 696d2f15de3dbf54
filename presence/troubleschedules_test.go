package presence_test

import (
	"slices"
	"testing"
)

// TestSchedulesOfTrouble plays outages of Teams, and refusals of what may have arrived.
func TestSchedulesOfTrouble(t *testing.T) {
	t.Parallel()
	plays(t, map[string]story{
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
		"what may have arrived shows already, and is taken back": {`
			10s anna's Teams client shows Away
			60.5s the next write is carried out without an answer
			60.55s anna sets lunch on the PBX
			61.3s the next write is refused
			200s all troubles end
			400s anna's Teams client shows Away
			600s the link ends`, []string{"activity away", "preferred presence Away/Away", "preferred presence Away/Away", "clear preferred presence"},
		},
		"a repetition is refused, and another connection tells that nothing has arrived": {`
			60s the connector will be killed between store and write
			90s the next write is refused
			100s anna chooses DoNotDisturb in Teams
			108s anna is moved to the other PBX
			400s anna resets her status in Teams
			600s the calls end, and nothing more happens`, []string{"activity dnd", "activity available"},
		},
		"the licence is lost before it shows that a clearing was refused": {`
			10s anna's Teams client shows OutOfOffice
			60s the next write is lost
			60.03s the next write is refused
			61s anna signs out of Teams
			77s anna's licence is lost
			400s anna resets her status in Teams
			600s the calls end, and nothing more happens`, []string{"activity away", "activity available", "activity available", "activity available"},
		},
		"a preferred presence over another one is acknowledged without effect": {`
			60s the next notification is lost
			100s anna sets busy on the PBX
			102.5s the next write is acknowledged without effect
			102.6s anna sets away on the PBX
			200s all troubles end
			400s anna resets her status in Teams
			600s the link ends`, []string{"preferred presence Busy/Busy", "preferred presence Away/Away", "activity available"},
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
		"what shows after a call whose preferred presence is refused was not chosen": {`
			5s anna's Teams client shows OutOfOffice
			65s anna sets busy on the PBX
			66s a call begins on the PBX
			72s the next write is refused
			79s the call on the PBX ends
			100s all troubles end
			400s anna chooses Available in Teams
			600s the calls end, and nothing more happens`, []string{
			"activity away", "preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "preferred presence Busy/Busy", "clear session", "activity available",
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
		"what a refused clearing has left ends with a call, and a choice shows": {`
			2.53s anna sets away on the PBX
			362.63s the next write is refused
			362.69s anna clears her presence on the PBX
			365.69s a call begins on the PBX
			378.72s anna is shown InAConferenceCall in Teams
			384.72s the call on the PBX ends
			427.72s anna chooses Busy in Teams
			607.72s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "clear preferred presence", "session Busy/InACall", "clear preferred presence",
			"add alien call", "clear session", "delete alien call", "activity busy"},
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
		"what was not replaced although the PBX says so shows late": {`
			0s changes show on the PBX after 2s
			8s anna chooses Busy in Teams
			9s the next write is acknowledged without effect
			9.2s anna chooses Away in Teams
			200s anna signs out of Teams
			300s anna's Teams client shows Available
			500s the link ends`, []string{"activity busy", "activity away", "activity available", "activity away", "activity available"},
		},
		"what arrived without an answer, and was refused again, shows late": {`
			0s changes show on the PBX after 2s
			8s the next write is carried out without an answer
			48s anna's Teams client shows Away
			48.5s the next write is refused
			300s anna's Teams client shows Inactive
			400s anna chooses Busy in Teams
			600s the calls end, and nothing more happens`, []string{"activity away", "activity away", "activity available", "activity busy"},
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
		"a taking back is refused before what it takes back shows": {`
			0s changes show on the PBX after 2s
			11.16s anna chooses Busy in Teams
			12.19s the next write is refused
			12.19s anna chooses Available in Teams
			300s anna chooses Away in Teams
			400s anna resets her status in Teams
			600s the link ends`, []string{"activity busy", "activity available", "activity away", "activity available"},
		},
		"an activity is not taken back although the PBX says so, and goes later": {`
			1s anna chooses Busy in Teams
			30s the next write is acknowledged without effect
			40s anna resets her status in Teams
			100s anna signs out of Teams
			160s anna's Teams client shows Away
			220s anna's Teams client shows Available
			400s the link ends`, []string{"activity busy", "activity available", "activity available", "activity away", "activity available"},
		},
		"what the PBX did not take is the person's when it is set later": {`
			1s the next write is acknowledged without effect
			30s anna chooses Busy in Teams
			100s anna resets her status in Teams
			160s anna sets busy on the PBX
			400s the calls end, and nothing more happens`, []string{"activity busy", "activity available", "preferred presence Busy/Busy"},
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
		"what ran out behind a call had given way to something else": {`
			40.5s changes show in Teams after 12s
			40.6s anna sets busy on the PBX
			41.2s anna signs out of Teams
			57.2s the connector will be killed between store and write
			60.2s anna resets her status in Teams
			60.2s anna's Teams client shows Away
			60.73s the next write is refused
			65.73s the next notification is lost
			65.76s anna sets away on the PBX
			68.76s anna's Teams client shows Focusing
			68.86s anna is shown InAConferenceCall in Teams
			93852.02s anna's Teams client shows Available
			93852.52s anna's Teams client shows Inactive
			94032.52s the calls end, and nothing more happens`, []string{"preferred presence Busy/Busy", "preferred presence Away/Away", "activity dnd", "add alien call", "delete alien call", "activity available"},
		},
		"an activity that stands although its repetition is refused": {`
			0s the connector will be killed between write and answer
			60s anna's Teams client shows InAMeeting
			62s the next write is refused
			80s all troubles end
			300s anna's Teams client shows Available
			600s the calls end, and nothing more happens`, []string{"activity meeting", "activity meeting", "activity available"},
		},
		"a preferred presence that stands although its repetition is refused": {`
			0s the connector will be killed between write and answer
			60s anna sets away on the PBX
			62s the next write is refused
			80s all troubles end
			300s anna clears her presence on the PBX
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "preferred presence Away/Away", "clear preferred presence"},
		},
		"one over another, and then the link ends": {`
			0s anna sets busy on the PBX
			50s the connector will be killed between write and answer
			60s anna sets away on the PBX
			62s the next write is refused
			80s all troubles end
			300s anna's Teams client shows InAMeeting
			600s the link ends`, []string{"preferred presence Busy/Busy", "preferred presence Away/Away", "preferred presence Away/Away", "clear preferred presence"},
		},
		"one that never arrived over another": {`
			0s anna sets busy on the PBX
			50s the connector will be killed between store and write
			60s anna sets away on the PBX
			62s the next write is refused
			80s all troubles end
			300s anna's Teams client shows InAMeeting
			600s the link ends`, []string{"preferred presence Busy/Busy", "preferred presence Away/Away", "clear preferred presence"},
		},
		"a link that ends while one is in doubt over another": {`
			0s anna sets busy on the PBX
			50s the connector will be killed between store and write
			60s anna sets away on the PBX
			62s the next write is refused
			64s all troubles end
			65s anna's Teams client shows InAMeeting
			70s the link ends`, []string{"preferred presence Busy/Busy", "preferred presence Away/Away", "clear preferred presence"},
		},
		"the same, and Teams cannot be read": {`
			0s anna sets busy on the PBX
			50s the connector will be killed between store and write
			60s anna sets away on the PBX
			62s the next write is refused
			64s Teams cannot be read for 15m0s
			66s anna's licence is lost
			200s all troubles end
			300s anna's Teams client shows InAMeeting
			500s the link ends`, []string{"preferred presence Busy/Busy", "preferred presence Away/Away", "clear preferred presence"},
		},
		"an alien call that is refused after a restart": {`
			0s the connector will be killed between store and write
			60s anna is shown InACall in Teams
			61s the next write is refused
			80s all troubles end
			300s anna's Teams client shows InAMeeting
			600s the calls end, and nothing more happens`, []string{"add alien call", "activity busy", "activity meeting"},
		},
		"what arrives late does not take away what was set on the phone": {`
			0s changes show in Teams after 6s
			1s anna's Teams client shows Inactive
			2s anna sets lunch on the PBX
			60s all troubles end
			300s anna sets worship on the PBX
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away"},
		},
		"nor does what was refused and has arrived": {`
			0s the connector will be killed between write and answer
			60s anna sets lunch on the PBX
			62s the next write is refused
			80s all troubles end
			300s anna clears her presence on the PBX
			600s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "preferred presence Away/Away", "clear preferred presence"},
		},
		"what was refused and has arrived stays in doubt while nobody is at Teams": {`
			0s the connector will be killed between write and answer
			60s anna sets lunch on the PBX
			62s the next write is refused
			63.1s anna signs out of Teams
			80s all troubles end
			300s anna's Teams client shows Available
			600s the link ends`, []string{"preferred presence Away/Away", "preferred presence Away/Away", "clear preferred presence"},
		},
		"or cannot be read": {`
			0s the connector will be killed between write and answer
			60s anna sets away on the PBX
			62s the next write is refused
			63s Teams cannot be read for 15m0s
			66s anna's licence is lost
			400s all troubles end
			700s anna sets worship on the PBX
			900s the calls end, and nothing more happens`, []string{"preferred presence Away/Away", "preferred presence Away/Away", "clear preferred presence"},
		},
		"what is beneath a clearing that was lost and replaced": {`
			0s anna sets away on the PBX
			60s the next write is lost
			60s anna clears her presence on the PBX
			60.1s anna sets dnd on the PBX
			60.5s the next write is refused
			80s all troubles end
			300s anna sets worship on the PBX
			600s the link ends`, []string{"preferred presence Away/Away", "clear preferred presence", "preferred presence DoNotDisturb/DoNotDisturb", "clear preferred presence"},
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
		"what may not make room, and is cleared during the call": {`
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			60.1s the next write is refused
			100s anna clears her presence on the PBX
			120s the call on the PBX ends
			200s all troubles end
			300s anna sets worship on the PBX
			600s the link ends`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "clear preferred presence", "clear session"},
		},
		"what may not make room, and the link ends": {`
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			60.1s the next write is refused
			200s all troubles end
			300s anna sets lunch on the PBX
			600s the link ends`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "clear preferred presence", "clear session"},
		},
		"what was refused is no more than what a person had chosen": {`
			0s anna chooses Busy in Teams
			60s Teams takes no writes for 20s
			61s anna sets meeting on the PBX
			70s the next write is refused
			200s all troubles end
			300s anna's Teams client shows Available
			600s the link ends`, append([]string{"activity busy"}, slices.Repeat([]string{"preferred presence Busy/Busy"}, 5)...),
		},
		"what should have made room for another value and a call may not be cleared": {`
			0s anna sets dnd on the PBX
			60s a call begins on the PBX
			70s the next write is refused
			100s anna sets away on the PBX
			200s all troubles end
			300s anna signs out of Teams
			600s the link ends`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "session Busy/InACall", "clear preferred presence", "clear preferred presence", "clear session"},
		},
		"a session that stands although its repetition is refused": {`
			0s the connector will be killed between write and answer
			60s a call begins on the PBX
			62s the next write is refused
			80s all troubles end
			300s the call on the PBX ends
			500s anna's Teams client shows InAMeeting
			600s the calls end, and nothing more happens`, []string{"session Busy/InACall", "session Busy/InACall", "clear session", "activity meeting"},
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
