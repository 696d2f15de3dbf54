package pbxtest

import (
	"errors"
	"strings"
	"time"
)

// serveOne serves one request.
func (c *conn) serveOne(m message) {
	c.pbx.o.Logger.Debug("request", "pbx", c.pbx.o.Name, "api", m.API, "mt", m.MT)
	fault := FaultNone
	if m.API != "" {
		fault = c.pbx.o.Fault(m.API, m.MT)
	}
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.closed {
		return
	}
	var err error
	if fault == FaultNone {
		err = c.dispatch(m)
	} else {
		err = refuse("fault injected")
		c.recordFault(m, err)
	}
	var r *refusal
	if errors.As(err, &r) && fault != FaultIgnore {
		c.result(m, r.body(c.pbx.o.StringErrors))
	}
}

// dispatch has a request served by its API, which answers it unless it returns an error.
func (c *conn) dispatch(m message) error {
	if m.API == "" {
		c.base(m)
		return nil
	}
	api, _, _ := strings.Cut(m.API, ".")
	if !c.pbx.enabled(api) {
		c.sys.violated(c.pbx, "%s: API is not enabled", m.name())
		return refuse("API is not enabled")
	}
	err := unsupported()
	switch {
	case api == apiPresence:
		err = c.presenceAPI(m)
	case m.API == apiUsers:
		err = c.usersAPI(m)
	case m.API == apiAdmin:
		err = c.adminAPI(m)
	case m.API == apiRCC:
		err = c.rccAPI(m)
	case m.API == apiImpersonation:
		err = c.impersonationAPI(m)
	}
	return err
}

// base serves what belongs to no API. None of it is answered.
func (c *conn) base(m message) {
	switch m.MT {
	case "AppInfoResult", "CheckBuildResult", "KeepAlive":
	default:
		c.sys.violated(c.pbx, "%s: unknown message", m.name())
	}
}

// unknown is the answer to a request its API does not have.
func (c *conn) unknown(m message) error {
	c.sys.violated(c.pbx, "%s: unknown message", m.name())
	return unsupported()
}

// result answers a request; body may be nil.
func (c *conn) result(m message, body []byte) {
	frame := envelope(m.API, m.MT+"Result", m.Src, body)
	if c.late == nil {
		c.out.push(frame)
		return
	}
	select {
	case c.late <- delayed{time.Now().Add(c.pbx.o.ResultDelay), frame}:
	default:
		c.out.overflow()
	}
}

// indicate sends a message nobody asked for just now.
func (c *conn) indicate(api, mt, src string, body []byte) {
	c.out.push(envelope(api, mt, src, body))
}
