package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

// story is an explanation in words, for a terminal and for a page.
type story struct {
	// Who names the person on both sides.
	Who string
	// Past is the timeline, Now what is the case, Waits what has to come and Why why the
	// sides differ.
	Past            []moment
	Now, Waits, Why []string
}

// moment is a line of the timeline.
type moment struct{ Time, What string }

const (
	fullStamp  = "2006-01-02 15:04:05.000"
	shortStamp = "2006-01-02 15:04:05"
)

// tell puts an explanation into words, with the times of a place.
func tell(e bridge.Explanation, place *time.Location) story {
	s := story{Who: who(e), Why: e.Why}
	for _, ev := range e.Timeline {
		s.Past = append(s.Past, moment{ev.At.In(place).Format(fullStamp), what(ev, place)})
	}
	at := func(t time.Time) string { return t.In(place).Format(shortStamp) }
	s.Now = []string{nowTeams(e.Teams, at), nowPBX(e.PBX, at)}
	if p := e.Agreed; p != nil && p.Teams != "" {
		s.Now = append(s.Now, "agreed: Teams "+p.Teams+", PBX "+p.PBX)
	} else if p != nil {
		s.Now = append(s.Now, "agreed: Teams whatever shows next, PBX "+p.PBX)
	}
	for _, h := range e.Holds {
		text := fmt.Sprintf("held on %s: %s, %s since %s", h.Side, h.What, h.Stage, at(h.Since))
		if !h.Until.IsZero() {
			text += ", until " + at(h.Until)
		}
		s.Now = append(s.Now, text)
	}
	if f := e.Failing; f != nil {
		s.Now = append(s.Now, fmt.Sprintf("failed %s: %s", at(f.At), f.Error))
	}
	for _, w := range e.WaitsFor {
		text := w.For
		if !w.Until.IsZero() {
			text += ", at " + at(w.Until)
		}
		s.Waits = append(s.Waits, text)
	}
	if len(s.Waits) == 0 {
		s.Waits = []string{"nothing but a change"}
	}
	if len(s.Why) == 0 {
		s.Why = []string{"the sides show the same"}
	}
	return s
}

func who(e bridge.Explanation) string {
	var names []string
	for _, name := range []string{e.PBX.LongName, e.Teams.UPN} {
		if name != "" {
			names = append(names, name)
		}
	}
	text := e.Name
	if len(names) > 0 {
		text += " (" + strings.Join(names, ", ") + ")"
	}
	if e.MatchedBy != "" && e.Linked {
		text += fmt.Sprintf(", linked by the same %s, direction %s", e.MatchedBy, e.Direction)
	}
	return text
}

func nowTeams(t bridge.TeamsSide, at func(time.Time) string) string {
	if t.Shows == "" {
		return "Teams has not been seen yet"
	}
	return fmt.Sprintf("Teams shows %s since %s, last news by %s %s", t.Shows, at(t.Since), t.By, at(t.Seen))
}

func nowPBX(p bridge.PBXSide, at func(time.Time) string) string {
	if p.Shows == "" {
		return "PBX has not been seen yet"
	}
	text := "PBX shows " + p.Shows
	if p.OnPhone {
		text += ", on the phone"
	}
	text += " since " + at(p.Since)
	if p.Lost {
		return text + ", cannot be seen now, last news " + at(p.Seen)
	}
	return text + ", on " + p.Home + ", last news " + at(p.Seen)
}

// what puts an event into one line.
func what(e bridge.Event, place *time.Location) string {
	switch e.Kind {
	case bridge.EventSeen:
		text := fmt.Sprintf("%s shows %s", e.Side, e.Shows)
		if e.OnPhone {
			text += ", on the phone"
		}
		return text + " (" + seen(e) + lasting(e, place) + ")"
	case bridge.EventLost:
		return string(e.Side) + " cannot be seen"
	case bridge.EventLink:
		return e.Note + repeated(e, place)
	case bridge.EventDecided:
		return cause(e)
	}
	text := fmt.Sprintf("%s: %s", e.Side, e.Action)
	if len(e.Rules) > 0 {
		text = cause(e) + ". " + text
	}
	took := e.Took.Round(100 * time.Microsecond).String()
	switch {
	case e.Withdrawn:
		return text + ", withdrawn after " + took + ", before it was sent" + repeated(e, place)
	case e.Error == "":
		return text + ", done in " + took + repeated(e, place)
	case e.Refused:
		return text + ", refused after " + took + ": " + e.Error + repeated(e, place)
	}
	return text + ", failed after " + took + ": " + e.Error + repeated(e, place)
}

// cause is what was decided, and the rows behind it.
func cause(e bridge.Event) string {
	rules := make([]string, len(e.Rules))
	for i, r := range e.Rules {
		rules[i] = string(r)
	}
	text := strings.Join(rules, "; ")
	if len(e.Rows) > 0 {
		rows := make([]string, len(e.Rows))
		for i, r := range e.Rows {
			rows[i] = r.Table + ": " + r.String()
		}
		text += " [" + strings.Join(rows, ", ") + "]"
	}
	return text
}

// seen says how a value came: the way of the first look before the other one.
func seen(e bridge.Event) string {
	told, read := count("told", e.Times-e.Read), count("read", e.Read)
	switch {
	case e.Side == presence.SidePBX:
		return told
	case told == "" || read == "":
		return told + read
	case e.By == bridge.ByRead:
		return read + ", " + told
	}
	return told + ", " + read
}

func count(verb string, times int) string {
	switch times {
	case 0:
		return ""
	case 1:
		return verb
	}
	return fmt.Sprintf("%s %d times", verb, times)
}

func repeated(e bridge.Event, place *time.Location) string {
	if e.Times < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d times%s)", e.Times, lasting(e, place))
}

func lasting(e bridge.Event, place *time.Location) string {
	if e.Until.IsZero() {
		return ""
	}
	return " until " + e.Until.In(place).Format(time.TimeOnly)
}

// print writes the story for a terminal.
func (s story) print(out io.Writer) {
	fmt.Fprintf(out, "%s\n\n%s  What\n", s.Who, pad("Time", len(fullStamp)))
	for _, m := range s.Past {
		fmt.Fprintf(out, "%s  %s\n", m.Time, m.What)
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"Now", s.Now}, {"Waits for", s.Waits}, {"Why", s.Why}} {
		fmt.Fprintln(out)
		for i, line := range part.lines {
			title := part.title
			if i > 0 {
				title = ""
			}
			fmt.Fprintf(out, "%s  %s\n", pad(title, len("Waits for")), line)
		}
	}
}
