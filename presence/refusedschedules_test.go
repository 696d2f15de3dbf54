package presence_test

import (
	"slices"
	"testing"
)

// TestSchedulesOfRefusals plays refusals of what may have arrived, and what is acknowledged without effect.
func TestSchedulesOfRefusals(t *testing.T) {
	t.Parallel()
	plays(t, map[string]story{
		"a second value is refused, and the answer to the first one is lost": {`
			1.5s the next write is carried out without an answer
			1.53s the next write is refused
			20.03s anna sets meeting on the PBX
			20.03s anna sets dnd on the PBX
			100s all troubles end
			300s anna's Teams client shows OutOfOffice
			500s the connector is stopped in order`, []string{"preferred presence Busy/Busy", "preferred presence DoNotDisturb/DoNotDisturb"},
		},
		"a person comes back with a choice after a clearing was refused": {`
			0.5s anna sets busy on the PBX
			3s the next write is refused
			43s anna signs out of Teams
			43.1s anna chooses DoNotDisturb in Teams
			403s anna clears her presence on the PBX
			403.1s anna's Teams client shows Juggling
			453s anna chooses DoNotDisturb in Teams
			633s the connector is stopped in order`, []string{"preferred presence Busy/Busy", "clear preferred presence", "activity dnd"},
		},
		"what was refused would have replaced what does not show yet": {`
			10s anna sets dnd on the PBX
			10.03s changes show in Teams after 6s
			10.53s anna sets lunch on the PBX
			10.56s the next write is refused
			373.56s all troubles end
			556.56s anna signs out of Teams
			736.56s the link ends`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "preferred presence Away/Away", "clear preferred presence"},
		},
		"a clearing is refused after a choice over what it should have cleared": {`
			0s anna sets dnd on the PBX
			0.2s Teams takes no writes for 15m0s
			0.2s anna chooses OffWork in Teams
			8.2s anna clears her presence on the PBX
			11.2s the next write is refused
			101.8s all troubles end
			132.3s anna clears her presence on the PBX
			312.3s the link ends`, []string{"preferred presence DoNotDisturb/DoNotDisturb", "clear preferred presence", "clear preferred presence", "clear preferred presence"},
		},
		"what does not come back after a call was not heard of before either": {`
			8s anna sets meeting on the PBX
			48s the next notification is lost
			49.5s a call begins on the PBX
			52.5s the next write is refused
			53.5s the call on the PBX ends
			256.13s the next notification is lost
			259.13s anna chooses Available in Teams
			439.13s the connector is stopped in order`, []string{"preferred presence Busy/Busy", "session Busy/InACall", "clear preferred presence", "preferred presence Busy/Busy", "clear session"},
		},
		"off work is chosen over what may not make room for a call": {`
			1s anna sets lunch on the PBX
			16.5s a call begins on the PBX
			16.6s the next write is refused
			98s anna's Teams client shows Away
			101s anna chooses OffWork in Teams
			281s the link ends`, []string{"preferred presence Away/Away", "session Busy/InACall", "clear preferred presence", "clear session"},
		},
		"a choice comes while its clearing is refused": {`
			3s anna sets lunch on the PBX
			365.6s news of Teams take 2s
			375.1s the connector is stopped for 1s
			375.2s Teams cannot be read for 20s
			735.2s the next write is refused
			735.3s anna chooses Available in Teams
			735.35s anna clears her presence on the PBX
			933s the next notification is lost
			936s anna clears her presence on the PBX
			1116s the link ends`, []string{"preferred presence Away/Away", "clear preferred presence"},
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
