package bridge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// What the canary shows. The default rows carry neither to the other.
var (
	canaryTeams = presence.Teams{Availability: "DoNotDisturb", Activity: "DoNotDisturb"}
	canaryIdle  = presence.Teams{Availability: "Available", Activity: "Available"}
)

const (
	canaryPBX = "away"
	// canaryHold is the lifetime of what the canary sets in Teams.
	canaryHold = 10 * time.Minute
)

// canaryPair is the pair of the canary at one moment.
type canaryPair struct {
	// why says why no round can begin now; empty where one can.
	why         string
	teams, guid string
	rules       presence.Rules
	note        string
	teamsShown  string // activity
	pbxShown    string // activity
	signedOut   bool
	session     bool // the bridge holds one
}

// toPBX is what the PBX has to show for the value of the canary in Teams, if it is carried.
func (p canaryPair) toPBX() (word string, carried bool) {
	word, known := p.rules.Tables.ToPBX(canaryTeams.Activity)
	return word, known && word != presence.Online && word != presence.OnThePhone && p.rules.Direction != presence.PBXToTeams
}

// toTeams is what Teams has to show for the value of the canary on the PBX, if it is carried.
func (p canaryPair) toTeams() (row presence.Manual, carried bool) {
	row, known := p.rules.Tables.ToTeams(canaryPBX)
	return row, known && !row.Value.IsZero() && p.rules.Direction != presence.TeamsToPBX
}

// left reports that an earlier run may have been cut short.
func (p canaryPair) left() bool {
	return p.pbxShown == canaryPBX || strings.EqualFold(p.teamsShown, canaryTeams.Activity)
}

// pair looks at the pair, and has what arrives from now on wake the canary.
func (c *Canary) pair() canaryPair {
	b := c.b
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.links {
		if strings.EqualFold(l.name, c.o.User) && l.goal == presence.Sync && b.goal == presence.Sync {
			l.watch = c.seen
			return b.canaryPair(l)
		}
	}
	return canaryPair{why: "waits until " + c.o.User + " is linked"}
}

func (b *Bridge) canaryPair(l *link) canaryPair {
	p := canaryPair{teams: l.teams, guid: l.guid, rules: l.wanted, session: l.shown.Memory.Session != nil}
	teams, pbx := b.teams[l.teams], b.pbx[l.guid]
	if teams == nil || pbx == nil || pbx.lost {
		p.why = "waits until " + l.name + " is seen on both sides"
		return p
	}
	p.teamsShown, p.pbxShown, p.note = teams.look.Value.Activity, pbx.look.Value.Activity, pbx.look.Value.Note
	p.signedOut = strings.EqualFold(p.teamsShown, "Offline") || strings.EqualFold(p.teamsShown, "PresenceUnknown")
	switch idle := strings.EqualFold(p.teamsShown, canaryIdle.Activity); {
	case !idle && !p.signedOut, p.pbxShown != "", pbx.look.OnPhone:
		p.why = fmt.Sprintf("waits until %s is available and in no call: shows %s in Teams and %s on the PBX", l.name, p.teamsShown, pbx.look.Value)
	}
	return p
}

// trips are the latest round trips of one way.
type trips []time.Duration

// maxTrips is how many of them count.
const maxTrips = 20

// measure makes a change and waits until it is seen.
func (t *trips) measure(change, seen func() error) error {
	begin := time.Now()
	if err := change(); err != nil {
		return fmt.Errorf("canary, change: %w", err)
	}
	if err := seen(); err != nil {
		return err
	}
	*t = append((*t)[max(0, len(*t)+1-maxTrips):], time.Since(begin))
	return nil
}

// detail says how long the last one took, and the middle and the slow ones.
func (t trips) detail(way string) string {
	if len(t) == 0 {
		return way + " is not carried"
	}
	sorted := slices.Sorted(slices.Values(t))
	rank := func(percent int) time.Duration {
		return sorted[(len(sorted)*percent+99)/100-1].Round(time.Millisecond)
	}
	return fmt.Sprintf("%s %s (p50 %s, p95 %s)", way, t[len(t)-1].Round(time.Millisecond), rank(50), rank(95))
}
