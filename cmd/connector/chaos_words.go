package main

import "strings"

// isCall reports that an activity of Teams is a call.
func isCall(activity string) bool { return strings.HasSuffix(expectedToPBX[activity], "on-the-phone") }

// nobodyAt reports that an activity says that nobody is at Teams.
func nobodyAt(activity string) bool {
	return expectedToPBX[activity] == "available" && activity != "Available"
}

// wordOf is what the PBX has to show for an activity of Teams that is no call.
func wordOf(activity string) string {
	word := expectedToPBX[activity]
	if word == "available" {
		return ""
	}
	return word
}

// chosenFor is the preferred presence for an activity of the PBX, "" for none.
func chosenFor(word string) string {
	if word == "" {
		return ""
	}
	pair, _, _ := strings.Cut(expectedToTeams[word], " ")
	_, activity, _ := strings.Cut(pair, "/")
	return activity
}
