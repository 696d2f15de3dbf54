package pbx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pbx365/connector/presence"
)

// maxFrame is the size of the largest frame that a PBX takes, in bytes.
const maxFrame = 65535

// maxText bounds what is quoted of a peer in an error.
const maxText = 200

// message is the envelope of a received frame (innovaphone SDK: App Websocket
// Protocol). The body is decoded by the one who knows its shape.
type message struct {
	Name      string `json:"mt"`
	API       string `json:"api"`
	Src       scalar `json:"src"`
	Error     scalar `json:"error"`
	ErrorText scalar `json:"errorText"`

	body []byte
}

// decode reads the envelope of a frame. Its error matches ErrFrame and quotes
// nothing of the frame.
func decode(frame []byte) (message, error) {
	m := message{body: frame}
	if err := json.Unmarshal(frame, &m); err != nil {
		return message{}, fmt.Errorf("%w: no JSON message", ErrFrame)
	}
	if m.Name == "" {
		return message{}, fmt.Errorf("%w: no mt", ErrFrame)
	}
	return m, nil
}

// into decodes the whole frame into v.
func (m message) into(v any) error {
	if err := json.Unmarshal(m.body, v); err != nil {
		return fmt.Errorf("%w: %.*q", ErrFrame, maxText, m.Name)
	}
	return nil
}

// failure returns the error that a result carries, or nil. The harmless codes are none.
func (m message) failure(pbx, request string, harmless []string) error {
	switch m.Error {
	case "", "0", "false":
		return nil
	}
	if slices.Contains(harmless, string(m.Error)) {
		return nil
	}
	return &ReplyError{PBX: pbx, Request: request, Code: clip(string(m.Error)), Text: clip(string(m.ErrorText))}
}

// scalar is a string, number or boolean as text; PBX builds do not agree on which
// one an error is. Null, and what is none of them, is empty.
type scalar string

func (s *scalar) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		return json.Unmarshal(data, (*string)(s))
	case '{', '[', 'n':
		*s = ""
	default:
		*s = scalar(data)
	}
	return nil
}

// echo is s as a number where it looks like one, to be sent back.
func (s scalar) echo() any {
	if _, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		return json.Number(s)
	}
	return string(s)
}

// number is s as a count; what is none is zero.
func (s scalar) number() int {
	n, _ := strconv.Atoi(string(s))
	return max(n, 0)
}

// fields are the members of a message to send, besides its envelope.
type fields map[string]any

// envelope is the head of a message to send.
type envelope struct {
	API  string `json:"api,omitempty"`
	Name string `json:"mt"`
	Src  string `json:"src,omitempty"`
}

// encode returns a frame: the envelope and the members of body, which is nil or encodes
// as an object. Nothing is escaped that JSON does not ask to escape. A frame too long
// for a PBX is refused, since it would not get shorter.
func (e envelope) encode(body any) ([]byte, error) {
	frame, err := appendJSON(nil, e)
	if err == nil && body != nil {
		frame[len(frame)-1] = ','
		at := len(frame)
		frame, err = appendJSON(frame, body)
		switch {
		case err != nil:
		case len(frame) < at+2 || frame[at] != '{':
			err = errors.New("no JSON object")
		case frame[at+1] == '}':
			frame = append(frame[:at-1], '}')
		default:
			frame = slices.Delete(frame, at, at+1)
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("encode %s: %w", e.Name, err)
	case len(frame) > maxFrame:
		return nil, fmt.Errorf("%s has %d bytes, a PBX takes %d: %w", e.Name, len(frame), maxFrame, presence.ErrRefused)
	}
	return frame, nil
}

func appendJSON(frame []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(frame)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func clip(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}
