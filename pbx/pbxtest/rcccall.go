package pbxtest

// Numbering of the PBXs, as RCC and PbxApi tell it.
const (
	prefixIntl  = "000"
	prefixNtl   = "00"
	prefixSubs  = "0"
	areaCode    = "7031"
	countryCode = "49"
)

// CallInfoEnd is a form of the CallInfo that ends a call. Services in the field go by del,
// the samples of the SDK by msg.
type CallInfoEnd int

const (
	// CallInfoEndBoth has "del":true and "msg":"del".
	CallInfoEndBoth CallInfoEnd = iota
	// CallInfoEndDel has "del":true only.
	CallInfoEndDel
	// CallInfoEndMsg has "msg":"del" only.
	CallInfoEndMsg
)

// handle is a UserInitialize: one user whose calls are reported as CallInfo.
type handle struct {
	id   int
	src  string
	user *user // nil if the Long Name matched nobody
}

func (c *conn) userInitialize(m message) error {
	var p struct {
		CN string `json:"cn"`
	}
	if err := m.decode(&p); err != nil {
		return err
	}
	c.lastHandle++
	h := &handle{id: c.lastHandle, src: m.Src, user: c.sys.byLongName[p.CN]}
	c.handles[h.id] = h
	c.result(m, encode(struct {
		User       int    `json:"user"`
		PrefixIntl string `json:"prefixIntl"`
		PrefixNtl  string `json:"prefixNtl"`
		PrefixSubs string `json:"prefixSubs"`
		Area       string `json:"area"`
		Country    string `json:"country"`
	}{h.id, prefixIntl, prefixNtl, prefixSubs, areaCode, countryCode}))
	if h.user != nil {
		for _, call := range h.user.calls {
			if call.visible() && call.pbx == c.pbx {
				c.sayCallInfo(h, call, "")
			}
		}
	}
	return nil
}

// userEnd has no result.
func (c *conn) userEnd(m message) error {
	var p struct{ User int }
	if err := m.decode(&p); err != nil {
		return err
	}
	if c.handles[p.User] == nil {
		return refuse("no such user")
	}
	delete(c.handles, p.User)
	return nil
}

// visible reports whether RCC shows the call.
func (c *Call) visible() bool {
	return c.pbx != nil && (c.owner == nil || c.pbx.o.AlienCallsInRCC)
}

func (c *Call) added() {
	c.eachMonitor(func(conn *conn) { conn.sayCallAdd(c) })
}

func (c *Call) updated(msg string) {
	c.eachMonitor(func(conn *conn) { conn.sayCallUpdate(c, msg) })
	c.eachHandle(func(conn *conn, h *handle) { conn.sayCallInfo(h, c, msg) })
}

func (c *Call) removed() {
	c.eachMonitor(func(conn *conn) { conn.sayCallDel(c) })
	c.eachHandle(func(conn *conn, h *handle) { conn.sayCallInfo(h, c, "del") })
}

func (c *Call) eachMonitor(do func(*conn)) {
	if !c.visible() {
		return
	}
	for conn := range c.pbx.conns {
		if conn.monitor != nil && conn.monitor.done && conn.monitor.calls {
			do(conn)
		}
	}
}

func (c *Call) eachHandle(do func(*conn, *handle)) {
	if !c.visible() {
		return
	}
	for conn := range c.pbx.conns {
		for _, h := range conn.handles {
			if h.user == c.user {
				do(conn, h)
			}
		}
	}
}

// party is one side of a call.
type party struct {
	H323 string `json:"h323"`
	E164 string `json:"e164"`
}

func (c *conn) sayCall(mt string, body any) {
	c.indicate(apiRCC, mt, c.monitor.request.Src, encode(body))
}

func (c *conn) sayCallAdd(call *Call) {
	c.sayCall("CallAdd", struct {
		GUID   string `json:"guid"`
		CN     string `json:"cn"`
		Call   int    `json:"call"`
		State  int    `json:"state"`
		ConfID string `json:"conf-id"`
		CallID string `json:"call-id"`
	}{call.user.GUID, call.user.LongName, call.id, call.state, call.conf, call.ref("call")})
}

func (c *conn) sayCallUpdate(call *Call, msg string) {
	c.sayCall("CallUpdate", struct {
		Call   int    `json:"call"`
		Msg    string `json:"msg"`
		Local  party  `json:"local"`
		Remote party  `json:"remote"`
	}{call.id, msg, party{call.user.Name, call.user.Number}, party{E164: call.remote}})
}

func (c *conn) sayCallDel(call *Call) {
	mt := "CallDel"
	if c.pbx.o.CallDelete {
		mt = "CallDelete"
	}
	c.sayCall(mt, struct {
		Call int `json:"call"`
	}{call.id})
}

// sayCallInfo reports a call to a handle: "del" is its end, "" that it was there before.
func (c *conn) sayCallInfo(h *handle, call *Call, msg string) {
	var body any
	if msg == "del" {
		form := c.pbx.o.CallInfoEnd
		if form == CallInfoEndDel {
			msg = ""
		}
		body = struct {
			User int    `json:"user"`
			Call int    `json:"call"`
			Del  bool   `json:"del,omitempty"`
			Msg  string `json:"msg,omitempty"`
		}{h.id, call.id, form != CallInfoEndMsg, msg}
	} else {
		body = struct {
			User  int        `json:"user"`
			Call  int        `json:"call"`
			Conf  string     `json:"conf"`
			State int        `json:"state"`
			Peer  peer       `json:"peer"`
			No    []struct{} `json:"no"`
			Msg   string     `json:"msg,omitempty"`
		}{h.id, call.id, call.conf, call.state, peer{E164: call.remote}, []struct{}{}, msg}
	}
	c.indicate(apiRCC, "CallInfo", h.src, encode(body))
}

type peer struct {
	E164 string `json:"e164"`
	H323 string `json:"h323"`
	DN   string `json:"dn"`
}
