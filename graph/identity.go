package graph

import (
	"regexp"
	"strings"
)

// identityRemedy says what to do where the place that the program runs in gives it no
// identity, "" for anything else and for what may pass. The credentials (azidentity 1.15) tell
// it by their text alone.
func identityRemedy(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	status := responseStatus(text)
	switch {
	case strings.HasPrefix(text, "WorkloadIdentityCredential: open "), strings.HasPrefix(text, "WorkloadIdentityCredential: read "):
		return "The file with the federated token cannot be read: let the pod use workload identity (label azure.workload.identity/use, " +
			"a service account with the client id), or correct AZURE_FEDERATED_TOKEN_FILE."
	case !strings.HasPrefix(text, "ManagedIdentityCredential"):
		return ""
	case strings.Contains(text, "the requested identity isn't assigned"):
		return "There is no managed identity of that client id here: assign it to this machine or pod, and check that the client id is that of the identity."
	case status == "400", strings.Contains(text, "failed to authenticate a system assigned identity"):
		return "The managed identity is not assigned here: assign it to this machine, pod or app, and name a user-assigned one by its client id."
	case status == "":
		return "No endpoint of managed identities answers here: run the connector in Azure with an identity assigned, keep a proxy from 169.254.169.254, " +
			"or sign in with a certificate."
	}
	return ""
}

var (
	response = regexp.MustCompile(`(?m)^RESPONSE (\d{3})\b`)
	query    = regexp.MustCompile(`\?[^\s"]*`)
)

// responseStatus returns the status of the answer that a credential appends to its error, ""
// where there was none.
func responseStatus(text string) string {
	if m := response.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// shortened cuts a line behind a word where it is longer than so many bytes.
func shortened(line string, most int) string {
	if len(line) <= most {
		return line
	}
	cut := line[:most]
	if end := strings.LastIndexByte(line[:most+1], ' '); end > 0 {
		cut = line[:end]
	}
	return strings.TrimRight(strings.ToValidUTF8(cut, ""), " ,;:.") + "…"
}

// reason is the first line of an error and the status of the answer. The rest of what a
// credential appends may name the account; a query only makes it long.
func reason(err error) string {
	if err == nil {
		return "no reason given"
	}
	text := strings.Replace(err.Error(), "server response error:\n ", "", 1) // there was none, and why follows
	line, _, _ := strings.Cut(text, "\n")
	line, _, _ = strings.Cut(line, " To troubleshoot, visit ")
	line = strings.TrimRight(query.ReplaceAllString(line, ""), ". ")
	line = shortened(line, 200)
	if status := responseStatus(text); status != "" {
		line += ": status " + status
	}
	return line
}
