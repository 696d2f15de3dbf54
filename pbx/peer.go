package pbx

import (
	"fmt"
	"strings"
)

// peer is somebody who has logged in: a PBX, or a person, to whose page no API is open.
// Its methods run on the goroutine that reads the connection.
type peer struct {
	conn    *conn
	hub     *hub
	door    door
	info    AppInfo
	page    *Page    // nil for a PBX, and where nobody serves pages
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

// base handles a message of the AppWebsocket protocol itself, or one of a page's own.
func (p *peer) base(m message) {
	switch m.Name {
	case "KeepAlive", "CheckBuild":
	case "AppInfo":
		p.reply(frameOf("AppInfoResult", string(m.Src), p.info.result(p.conn.who.App)))
	case "AppCheckLogin":
		reply, _ := p.door.answer(m)
		p.reply(reply)
	case "PbxInfo":
		p.introduced(m)
	default:
		switch {
		case p.page != nil:
			p.page.deliver(m)
		case !strings.HasSuffix(m.Name, "Result") || !p.conn.requests.answer(m):
			p.conn.counts.unknown(m.Name)
		}
	}
}

// introduced handles the PbxInfo of a PBX. Further ones mean nothing.
func (p *peer) introduced(m message) {
	if !p.conn.who.isPBX || p.session != nil {
		return
	}
	info, err := readPbxInfo(m)
	if err != nil {
		p.conn.badFrame(err)
		return
	}
	p.session = &session{
		conn:     p.conn,
		key:      sessionKey{info.Domain, info.PBX, p.conn.who.Object},
		info:     info,
		harmless: p.hub.opts.HarmlessCodes,
		aliens:   aliens{gone: func(c *alien) { p.hub.fade(info.PBX, []*alien{c}, lingering) }},
		calls:    newCalls(),
	}
	p.hub.post(func() { p.hub.up(p.session) })
}

func (p *peer) reply(frame []byte) {
	if frame != nil {
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
