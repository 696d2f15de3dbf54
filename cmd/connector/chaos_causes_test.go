package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestWritesNeedACause(t *testing.T) {
	t.Parallel()
	activity := func(at float64, value string) written {
		return written{at: second(at), slot: slotActivity, value: value, pbx: "master"}
	}
	session := func(at float64, value string) written {
		return written{at: second(at), slot: slotSession, value: value}
	}
	alien := func(at float64, value string) written {
		return written{at: second(at), slot: slotAlien, value: value, pbx: "slave"}
	}
	unsure := func(w written) written {
		w.unsure = true
		return w
	}
	undone := func(w written) written {
		w.undone = true
		return w
	}
	does := func(kind deed, at ...float64) (c causes) {
		for _, n := range at {
			c.inputs = append(c.inputs, input{at: second(n), act: act{kind: kind}}.reasons()...)
		}
		return c
	}
	inputs := func(at ...float64) causes { return does(regains, at...) }
	late := func(c causes, at float64, activity string) causes {
		c.late = append(c.late, echo(graphtest.Late{Time: second(at), Pair: graphtest.Pair{Activity: activity}}))
		return c
	}
	instead := func(at float64) causes {
		return causes{inputs: []reason{standIn(written{at: second(at), slot: slotAlien, value: "call"})}}
	}
	preferred := func(at float64, value string) written {
		return written{at: second(at), slot: slotPreferred, value: value}
	}
	killed := func(c causes, at float64) causes {
		c.kills = append(c.kills, second(at))
		return c
	}
	lost := func(c causes, pbx string, at float64) causes {
		c.lost = append(c.lost, pbxtest.Loss{Time: second(at), PBX: pbx})
		return c
	}
	on := func(pbx string, w written) written {
		w.pbx = pbx
		return w
	}
	chose := func(c causes, at float64) causes {
		c.chosen = append(c.chosen, second(at))
		return c
	}
	ended := func(c causes, at float64) causes {
		c.ended = second(at)
		return c
	}
	for name, tc := range map[string]struct {
		cause  causes
		writes []written
		want   int
	}{
		"nothing":                           {inputs(1), nil, 0},
		"an input":                          {inputs(1), []written{activity(2, "away")}, 0},
		"no input":                          {inputs(), []written{activity(2, "away")}, 1},
		"an input afterwards":               {inputs(3), []written{activity(2, "away")}, 1},
		"one input, two writes":             {inputs(1), []written{activity(2, "away"), activity(3, "busy")}, 1},
		"one input for each place":          {inputs(1), []written{activity(2, "away"), session(3, "InACall")}, 0},
		"two inputs, noticed late":          {inputs(1, 2), []written{activity(3, "away"), activity(4, "busy")}, 0},
		"an input long before":              {inputs(1, 2), []written{activity(3, "away"), activity(200, "busy"), activity(201, "away")}, 2},
		"the same again":                    {inputs(1), []written{activity(2, "away"), activity(3, "away")}, 1},
		"the same again, by a person":       {inputs(1, 3), []written{activity(2, "away"), activity(4, "away")}, 0},
		"the same again, unsure":            {inputs(1), []written{unsure(activity(2, "away")), activity(3, "away")}, 0},
		"the same again, sure at last":      {inputs(1), []written{unsure(activity(2, "away")), activity(3, "away"), activity(4, "away")}, 1},
		"another one, unsure":               {inputs(1), []written{unsure(activity(2, "away")), activity(3, "busy")}, 1},
		"the same again, killed":            {killed(inputs(1), 2.5), []written{activity(2, "away"), activity(3, "away")}, 0},
		"the same again, killed before":     {killed(inputs(1), 1.4), []written{activity(2, "away"), activity(3, "away")}, 1},
		"the same again, just after a kill": {killed(inputs(1), 1.8), []written{activity(2, "away"), activity(3, "away")}, 0},
		"the same again, killed later":      {killed(inputs(1), 8), []written{activity(2, "away"), activity(9, "away")}, 1},
		"an alien call, killed later":       {killed(inputs(1), 28), []written{alien(2, "call"), alien(29, "call")}, 0},
		"the same twice, killed once":       {killed(inputs(1), 2.5), []written{activity(2, "away"), activity(3, "away"), activity(4, "away")}, 1},
		"another one, killed":               {killed(inputs(1), 2.5), []written{activity(2, "away"), activity(3, "busy")}, 1},
		"the same again, cut off":           {lost(inputs(1), "master", 2.5), []written{activity(2, "away"), activity(3, "away")}, 0},
		"the same again, cut off before":    {lost(inputs(1), "master", 1.5), []written{activity(2, "away"), activity(3, "away")}, 1},
		"the same again, noticed later":     {lost(inputs(1), "master", 3.2), []written{activity(2, "away"), activity(3, "away")}, 0},
		"the same again, cut off later":     {lost(inputs(1), "master", 8), []written{activity(2, "away"), activity(9, "away")}, 1},
		"an alien call, cut off later":      {lost(inputs(1), "slave", 28), []written{alien(2, "call"), alien(29, "call")}, 0},
		"the same again, another cut off":   {lost(inputs(1), "slave", 2.5), []written{activity(2, "away"), activity(3, "away")}, 1},
		"the same again, on another":        {lost(inputs(1), "slave", 2.5), []written{on("slave", activity(2, "away")), activity(3, "away")}, 0},
		"… and once more":                   {lost(inputs(1), "slave", 2.5), []written{on("slave", activity(2, "away")), activity(3, "away"), activity(3.1, "away")}, 1},
		"… which is cut off itself":         {lost(inputs(1), "master", 2.5), []written{on("slave", activity(2, "away")), activity(3, "away")}, 1},
		"renewed":                           {inputs(1), []written{session(2, "InACall"), session(300, "InACall")}, 0},
		"renewed too soon":                  {inputs(1), []written{session(2, "InACall"), session(60, "InACall")}, 1},
		"renewed where nothing ends":        {inputs(1), []written{activity(2, "away"), activity(300, "away")}, 1},
		"an alien call that was unsure":     {inputs(1), []written{unsure(alien(2, "call")), alien(3, "call"), alien(4, "")}, 1},
		"… is deleted":                      {inputs(1), []written{unsure(alien(2, "call")), alien(3, "")}, 0},
		"… is not after a kill":             {killed(inputs(1), 2.5), []written{alien(2, "call"), alien(3, "")}, 1},
		"what is set at the phone":          {does(sets, 1), []written{preferred(2, "Busy")}, 0},
		"… does not come back":              {does(sets, 1), []written{activity(2, "busy")}, 1},
		"… and is no call":                  {does(sets, 1), []written{session(2, "InACall")}, 1},
		"… yet hides one":                   {does(sets, 1), []written{alien(2, "")}, 0},
		"what Teams shows is no session":    {does(shows, 1), []written{session(2, "InACall"), activity(2, "busy")}, 1},
		"a move takes an alien call along":  {does(moves, 3), []written{alien(4, ""), alien(5, "call")}, 0},
		"… once":                            {does(moves, 3), []written{alien(4, ""), alien(5, "call"), alien(6, "")}, 1},
		"… and nothing else":                {does(moves, 3), []written{activity(4, "away"), preferred(4, ""), session(4, "")}, 3},
		"busy for a refused alien call":     {instead(1), []written{activity(2, "busy")}, 0},
		"… only once":                       {instead(1), []written{activity(2, "busy"), activity(3, "busy")}, 1},
		"… and nothing but busy":            {instead(1), []written{activity(2, "away"), alien(2, "call"), preferred(2, "Busy")}, 3},
		"a late notification":               {late(inputs(), 1, "Busy"), []written{activity(2, "busy"), activity(3, "")}, 0},
		"… is corrected once":               {late(inputs(), 1, "Busy"), []written{activity(2, "busy"), activity(3, ""), activity(4, "busy")}, 1},
		"… says what it says":               {late(inputs(), 1, "Busy"), []written{activity(2, "away")}, 1},
		"… is no input of its own":          {late(inputs(), 1, "Busy"), []written{preferred(2, "Busy"), session(3, "InACall")}, 2},
		"… takes away what was on its way":  {late(inputs(), 1, "Busy"), []written{preferred(2, "")}, 0},
		"a late notification of a call":     {late(inputs(), 1, "InACall"), []written{alien(2, "call"), alien(3, "")}, 0},
		"… of the end of one":               {late(inputs(), 1, "Away"), []written{alien(2, ""), alien(3, "call")}, 0},
		"… of no end":                       {late(inputs(), 1, "Away"), []written{alien(2, "call")}, 1},
		"a late notification long before":   {late(inputs(), 1, "Busy"), []written{activity(90, "busy")}, 1},
		"taken back at the end":             {ended(inputs(1), 3), []written{activity(2, "away"), activity(4, "")}, 0},
		"taken back before the end":         {ended(inputs(1), 5), []written{activity(2, "away"), activity(4, "")}, 1},
		"put back at the end":               {ended(inputs(1, 2.2), 3), []written{preferred(2, "Busy"), preferred(2.5, ""), preferred(4, "Busy"), preferred(5, "")}, 0},
		"put there for the first time":      {ended(inputs(), 3), []written{preferred(4, "Busy")}, 0},
		"put back where it stands":          {ended(inputs(1), 3), []written{preferred(2, "Busy"), preferred(4, "Busy")}, 1},
		"put in the place of a choice":      {chose(ended(inputs(1), 3), 2.5), []written{preferred(2, "Busy"), preferred(4, "Away"), preferred(5, "")}, 0},
		"… and back":                        {chose(ended(inputs(1), 3), 2.5), []written{preferred(2, "Busy"), preferred(4, "Away"), preferred(5, "Busy")}, 1},
		"… before the end":                  {chose(ended(inputs(1), 5), 2.5), []written{preferred(2, "Busy"), preferred(4, "Away")}, 1},
		"put in the place of what stands":   {chose(ended(inputs(1), 3), 1.5), []written{preferred(2, "Busy"), preferred(4, "Away")}, 1},
		"put back, then chosen":             {chose(ended(inputs(1), 3), 4.5), []written{preferred(2, "Busy"), preferred(4, "Away")}, 1},
		"an activity for a choice":          {chose(ended(inputs(1), 3), 2.5), []written{activity(2, "busy"), activity(4, "away")}, 1},
		"taken back twice at the end":       {ended(inputs(1), 3), []written{activity(2, "away"), activity(4, ""), activity(5, "")}, 1},
		"taken back at last":                {ended(inputs(1, 2.2), 3), []written{activity(2, "away"), undone(activity(2.5, "")), activity(4, "")}, 0},
		"nothing to take back at the end":   {ended(inputs(), 3), []written{activity(4, "")}, 1},
		"written at the end":                {ended(inputs(1), 3), []written{activity(2, "away"), activity(4, "busy")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, tc.cause.without(tc.writes), tc.want)
		})
	}
}

func TestSessionsCoverCalls(t *testing.T) {
	t.Parallel()
	does := func(at float64, kind deed, pair graphtest.Pair) input {
		return input{at: second(at), act: act{kind: kind, pair: pair}}
	}
	meets := does(1, shows, graphtest.Pair{Availability: "Busy", Activity: "InAConferenceCall"})
	presents := does(1, shows, graphtest.Pair{Availability: "DoNotDisturb", Activity: "Presenting"})
	laterOn := does(100.5, shows, meets.act.pair)
	begun, over := written{at: second(2), slot: slotAlien, value: "call"}, written{at: second(101), slot: slotAlien}
	session := written{at: second(100), slot: slotSession, value: "InACall"}
	undone, cleared := session, session
	undone.undone, cleared.value = true, ""
	after := func(w written, value string) written {
		w.at, w.value = w.at.Add(time.Second), value
		return w
	}
	for name, tc := range map[string]struct {
		inputs  []input
		session written
		then    []written
		want    int
	}{
		"a session over a call":         {[]input{meets}, session, []written{over}, 0},
		"… and nothing comes back":      {[]input{meets}, session, []written{over, after(over, "call")}, 1},
		"… covers it once":              {[]input{meets}, session, []written{over, after(over, "call"), after(after(over, "call"), "")}, 2},
		"… begins none":                 {[]input{meets}, session, []written{after(over, "call")}, 1},
		"… changes nothing else":        {[]input{meets}, session, []written{{at: over.at, slot: slotActivity, value: "busy"}, {at: over.at, slot: slotPreferred}}, 2},
		"… afterwards":                  {[]input{meets}, after(session, "InACall"), []written{{at: second(100.5), slot: slotAlien}}, 1},
		"… long before":                 {[]input{meets}, session, []written{{at: second(161), slot: slotAlien}}, 1},
		"… in vain":                     {[]input{meets}, undone, []written{over}, 1},
		"… taken back":                  {[]input{meets}, cleared, []written{over}, 1},
		"a session over no call":        {[]input{does(1, shows, graphtest.Pair{Availability: "Busy", Activity: "InAMeeting"})}, session, []written{over}, 1},
		"a session beneath a call":      {[]input{presents}, session, []written{over}, 1},
		"a session after a call":        {[]input{meets, does(20, signsOut, graphtest.Pair{})}, session, []written{over}, 1},
		"a session before a call":       {[]input{meets, does(20, signsIn, graphtest.Pair{}), laterOn}, session, []written{after(over, ""), after(after(over, ""), "call"), after(after(after(over, ""), ""), "")}, 2},
		"a session over a choice alone": {[]input{does(1, chooses, graphtest.Pair{Availability: "Busy", Activity: "Busy"})}, session, []written{over}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &character{inputs: tc.inputs}
			writes := append([]written{begun, tc.session}, tc.then...)
			found := slices.DeleteFunc(causes{}.and(p, writes).without(writes), func(w written) bool { return w.slot == slotSession })
			require.Len(t, found, tc.want)
		})
	}
}
