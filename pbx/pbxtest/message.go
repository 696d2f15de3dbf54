package pbxtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"
)

// APIs of a PBX, as in the member "api" of messages and in PbxInfo.
const (
	apiPresence      = "PbxApi"
	apiUsers         = "PbxTableUsers"
	apiAdmin         = "PbxAdminApi"
	apiRCC           = "RCC"
	apiImpersonation = "PbxImpersonation"
	apiServices      = "Services"
)

// maxMessage is the longest message a service may send (SDK page PbxApi, send).
const maxMessage = 65535

// message is a received message: its envelope, and the whole of it.
type message struct {
	API, MT, Src string
	raw          []byte
	fault        Fault // what goes wrong with the request
}

var errNoMessage = errors.New("no JSON object with mt, and with api and src as strings")

// parse returns errNoMessage for what is none. Members whose names are not all lower case
// are left out: no request has one, and encoding/json would take Guid for guid.
func parse(raw []byte) (message, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return message{}, errNoMessage
	}
	all := len(members)
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool {
		return name != strings.ToLower(name)
	})
	m := message{raw: raw}
	if len(members) < all {
		m.raw = encode(members)
	}
	for name, text := range map[string]*string{"api": &m.API, "mt": &m.MT, "src": &m.Src} {
		if value, ok := members[name]; ok && json.Unmarshal(value, text) != nil {
			return message{}, errNoMessage
		}
	}
	if m.MT == "" {
		return message{}, errNoMessage
	}
	return m, nil
}

func (m message) decode(params any) error {
	if err := json.Unmarshal(m.raw, params); err != nil {
		return refuse("invalid parameters")
	}
	return nil
}

// name is how violations call the message, in at most 64 bytes.
func (m message) name() string {
	name := strings.TrimSpace(m.API + " " + m.MT)
	return strings.ToValidUTF8(name[:min(len(name), 64)], "")
}

// envelope is the head of a message; body is encoded JSON of an object whose members follow.
func envelope(api, mt, src string, body []byte) []byte {
	head := encode(struct {
		API string `json:"api,omitempty"`
		MT  string `json:"mt"`
		Src string `json:"src,omitempty"`
	}{api, mt, src})
	return join(head, body)
}

// join appends the members of an object to those of another, which has some.
func join(head, body []byte) []byte {
	if len(body) <= len("{}") {
		return head
	}
	head[len(head)-1] = ','
	return append(head, body[1:]...)
}

// encode is JSON without white space and without escaping what needs none; nil is an
// object without members.
func encode(v any) []byte {
	if v == nil {
		return []byte("{}")
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("pbxtest: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// refusal is the error of a result. Which codes a PBX uses is not documented; any but
// zero means failure.
type refusal struct {
	code int
	text string
}

func refuse(text string) error { return &refusal{code: 1, text: text} }

func unsupported() error { return &refusal{code: 3, text: "unknown operation"} }

func (r *refusal) Error() string { return r.text }

func (r *refusal) body(asString bool) []byte {
	var code any = r.code
	if asString {
		code = strconv.Itoa(r.code)
	}
	return encode(struct {
		Error any    `json:"error"`
		Text  string `json:"errorText"`
	}{code, r.text})
}
