package pbxtest

import (
	"errors"
	"strings"
	"time"
)

// serveOne serves one request.
func (c *conn) serveOne(m message) {
	c.pbx.o.Logger.Debug("request", "pbx", c.pbx.o.Name, "api", m.API, "mt", m.MT)
	if m.API != "" {
		m.fault = c.pbx.o.Fault(m.API, m.MT)
	}
	c.arrived(m)
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.closed {
		return
	}
	if m.fault != FaultNone {
		c.strike(m)
	}
	if !m.fault.serves() {
		c.fail(m)
		return
	}
	c.refuse(m, c.dispatch(m), c.pbx.o.StringErrors)
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
		err = c.servePresence(m)
	case m.API == apiUsers:
		err = c.usersAPI(m)
	case m.API == apiAdmin:
		err = c.adminAPI(m)
	case m.API == apiRCC:
		err = c.rccAPI(m)
	case m.API == apiServices:
		err = c.servicesAPI(m)
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
func (c *conn) result(m message, body []byte) { c.resultIn(c.delay(m), m, body) }

// delay is how long the result of a request is held back.
func (c *conn) delay(m message) time.Duration {
	switch m.fault {
	case FaultLate:
		return c.pbx.o.ResultDelay + c.pbx.o.LateBy
	case FaultSlow:
		return c.pbx.o.ResultDelay + c.pbx.o.SlowBy
	}
	return c.pbx.o.ResultDelay
}

func (c *conn) resultIn(delay time.Duration, m message, body []byte) {
	switch m.fault {
	case FaultDropAfter:
		c.close()
		return
	case FaultZeroError:
		body = join([]byte(`{"error":0}`), body)
	}
	src := m.Src
	if c.pbx.o.ResultsWithoutSrc {
		src = ""
	}
	c.out.pushIn(delay, envelope(m.API, m.MT+"Result", src, body))
}

// refuse answers a request with the refusal in err, if there is one.
func (c *conn) refuse(m message, err error, asString bool) {
	var r *refusal
	if !errors.As(err, &r) {
		return
	}
	if m.fault == FaultZeroError {
		m.fault = FaultNone
	}
	c.result(m, r.body(asString))
}

// indicate sends a message nobody asked for just now.
func (c *conn) indicate(api, mt, src string, body []byte) {
	c.out.push(envelope(api, mt, src, body))
}
