package graphtest

import (
	"strconv"
	"strings"
	"time"
)

// parseDuration reads an ISO 8601 duration of weeks, days, hours, minutes and seconds.
// Years and months have no fixed length and are refused, as is a duration without parts.
func parseDuration(text string) (time.Duration, bool) {
	rest, ok := strings.CutPrefix(strings.ToUpper(text), "P")
	date, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return 0, false
	}
	days, ok := sumParts(date, "WD", []time.Duration{7 * 24 * time.Hour, 24 * time.Hour})
	if !ok {
		return 0, false
	}
	hours, ok := sumParts(clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second})
	return days + hours, ok
}

// sumParts adds up parts such as 1H30M, whose designators must stand in the order of names.
func sumParts(text, names string, units []time.Duration) (sum time.Duration, ok bool) {
	const most = 1000 * 24 * time.Hour
	for text != "" {
		end := strings.IndexAny(text, names)
		if end <= 0 || strings.ContainsAny(text[:end], "+-EXPINF_") {
			return 0, false
		}
		count, err := strconv.ParseFloat(text[:end], 64)
		unit := strings.IndexByte(names, text[end])
		if err != nil || count*float64(units[unit]) > float64(most) {
			return 0, false
		}
		sum += time.Duration(count * float64(units[unit]))
		names, units, text = names[unit+1:], units[unit+1:], text[end+1:]
	}
	return sum, true
}
