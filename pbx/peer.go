package pbx

import (
	"fmt"
	"strings"
)

// peer is somebody who has logged in: a PBX, or a person, to whom only the base
// protocol is open. Its methods run on the goroutine that reads the connection.
type peer struct {
	conn    *conn
	hub     *hub
	door    door
	session *session // of a PBX, from its PbxInfo on
}

func (p *peer) handle(frame []byte) {
	m, err := decode(frame)
	if err != nil {
		p.conn.badFrame(err)
		return
	}
	switch {
	case m.API == "":
		p.base(m)
	case p.session == nil:
		p.conn.counts.unknown(m.Name)
	case p.conn.requests.answer(m):
	default:
		p.hub.post(func() {
			if err := p.hub.indication(p.session, m); err != nil {
				p.conn.badFrame(err)
			}
		})
	}
}

// base handles a message of the AppWebsocket protocol itself.
func (p *peer) base(m message) {
	switch m.Name {
	case "KeepAlive", "CheckBuild":
	case "AppInfo":
		p.reply(m, fields{
			"mt":          "AppInfoResult",
			"app":         p.door.app,
			"info":        fields{"hidden": false, "apis": fields{}},
			"serviceInfo": fields{"apis": fields{}},
		})
	case "AppCheckLogin":
		reply, _ := p.door.check(m)
		p.reply(m, reply)
	case "PbxInfo":
		if !p.conn.who.isPBX || p.session != nil {
			return
		}
		info, err := readPbxInfo(m)
		if err != nil {
			p.conn.badFrame(err)
			return
		}
		p.session = &session{
			conn:  p.conn,
			key:   sessionKey{info.Domain, info.PBX, p.conn.who.object},
			info:  info,
			calls: &calls{},
		}
		p.hub.post(func() { p.hub.up(p.session) })
	default:
		if !strings.HasSuffix(m.Name, "Result") || !p.conn.requests.answer(m) {
			p.conn.counts.unknown(m.Name)
		}
	}
}

func (p *peer) reply(m message, f fields) {
	if m.Src != "" {
		f["src"] = m.Src
	}
	if frame, err := f.encode(); err == nil {
		p.conn.send(frame)
	}
}

// pbxInfo is how a PBX introduces itself (innovaphone SDK: App Websocket Protocol,
// PbxInfo).
type pbxInfo struct {
	Domain  string   `json:"domain"`
	PBX     string   `json:"pbx"`
	APIs    []string `json:"apis"`
	Version scalar   `json:"version"`
	Build   scalar   `json:"build"`
}

func readPbxInfo(m message) (pbxInfo, error) {
	var info pbxInfo
	if err := m.into(&info); err != nil {
		return pbxInfo{}, err
	}
	if info.PBX == "" {
		return pbxInfo{}, fmt.Errorf("%w: PbxInfo without a name", ErrFrame)
	}
	return info, nil
}
