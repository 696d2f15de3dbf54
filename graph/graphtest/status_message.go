package graphtest

import (
	"strings"
	"time"
)

// statusMessage is the note under a person's name.
type statusMessage struct {
	Message struct {
		Content     string `json:"content"`
		ContentType string `json:"contentType"`
	} `json:"message"`
	Expiry *zonedTime `json:"expiryDateTime,omitempty"`
	since  time.Time
}

type zonedTime struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

func (m *statusMessage) check() error {
	switch {
	case m == nil:
		return badRequest("The parameter statusMessage is missing.")
	case m.Message.ContentType != "" && !strings.EqualFold(m.Message.ContentType, "text"):
		return badRequest("The content type of a status message must be text.")
	}
	return nil
}

// published returns the message as it stands from now on; an empty one is none.
func (m *statusMessage) published(now time.Time) *statusMessage {
	if m.Message.Content == "" {
		return nil
	}
	m.Message.ContentType = "text"
	m.since = now
	return m
}

// json is the message in a presence resource. Only the person sees its times.
func (m *statusMessage) json(own bool) any {
	if m == nil {
		return nil
	}
	body := map[string]any{"message": m.Message}
	if own {
		body["expiryDateTime"] = m.Expiry
		body["publishedDateTime"] = zonedTime{m.since.UTC().Format("2006-01-02T15:04:05.0000000"), "UTC"}
	}
	return body
}
