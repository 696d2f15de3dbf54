package pbx

import (
	"bytes"
	"encoding/json"
	"fmt"

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

// failure returns the error that a result carries, or nil.
func (m message) failure(pbx, request string) error {
	switch m.Error {
	case "", "0", "false":
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

// fields are the members of a frame to send.
type fields map[string]any

// encode returns the frame without escaping what JSON does not ask to escape. A
// frame too long for a PBX is refused, since it would not get shorter.
func (f fields) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("encode %v: %w", f["mt"], err)
	}
	frame := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(frame) > maxFrame {
		return nil, fmt.Errorf("%v has %d bytes, a PBX takes %d: %w", f["mt"], len(frame), maxFrame, presence.ErrRefused)
	}
	return frame, nil
}

func clip(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}
