package pbx

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// retryEvery is the time between two looks at what has failed and what is due.
const retryEvery = time.Minute

// hub owns what is known of the telephone system. Its methods are called on the
// goroutine of run, except for post: the readers of the connections post what is to
// be done, each in the order of its messages. It waits for no PBX.
type hub struct {
	opts   Options
	counts *tally
	lights *lights
	routes *routes
	mail   chan func()
	done   chan struct{} // closed when nobody takes the mail any more

	masterName string   // empty until known
	master     *session // nil while not connected
	users      map[string]*user
	unsettled  int // users whose licence is not known yet
	copied     replication
}

func newHub(o Options) *hub {
	return &hub{
		opts:       o,
		counts:     newTally(),
		lights:     newLights(o.Master),
		routes:     newRoutes(),
		mail:       make(chan func(), 256),
		done:       make(chan struct{}),
		masterName: o.Master,
		users:      map[string]*user{},
	}
}

func (h *hub) run(ctx context.Context) {
	defer close(h.done)
	tick := time.NewTicker(min(retryEvery, max(h.opts.LicenceEvery/2, time.Second)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-h.mail:
			f()
		case <-tick.C:
			h.repair()
		}
	}
}

// post has f called by the hub, after what was posted before. It waits while the
// hub is behind. After the end of run nothing is called.
func (h *hub) post(f func()) {
	select {
	case h.mail <- f:
	case <-h.done:
	}
}

func (h *hub) emit(e Event) { h.opts.OnEvent(e) }

// up takes a PBX in that has introduced itself.
func (h *hub) up(s *session) {
	if replaced := h.routes.put(s); replaced != nil {
		h.counts.count(func(c *Counters) { c.Replaced++ })
		h.leave(replaced, ErrReplaced)
		replaced.stop(ErrReplaced)
	}
	if h.masterName == "" && s.has(apiUsers) {
		h.masterName = s.name()
	}
	elected := h.elect()
	isMaster := h.master == s
	h.opts.Logger.Info("PBX connected", slog.String("pbx", s.name()), slog.Bool("master", isMaster))
	h.light(s.name())
	h.emit(PBXUp{
		Name:       s.name(),
		Domain:     s.info.Domain,
		Version:    string(s.info.Version),
		Build:      string(s.info.Build),
		Master:     isMaster,
		Connection: s.number,
	})
	h.startCalls(s)
	if elected {
		h.replicate(h.master)
	}
	h.placeAll()
}

// down ends what hangs on a connection that has ended because of cause.
func (h *hub) down(s *session, cause error) {
	if s.gone {
		return
	}
	h.routes.remove(s)
	h.leave(s, cause)
	if h.elect() {
		h.replicate(h.master)
	}
	h.light(s.name())
	h.placeAll()
}

// elect makes the connection of the master PBX that counts the master, and reports
// whether it has changed to another one.
func (h *hub) elect() bool {
	s := h.routes.of(h.masterName, apiUsers)
	if s == nil || s == h.master {
		return false
	}
	h.setMaster(s)
	h.lights.elected(s)
	return true
}

// light shows the state of the connection of a PBX that counts, if there is one.
func (h *hub) light(pbx string) {
	if s := h.routes.of(pbx, apiPresence); s != nil {
		h.lights.connected(s)
	}
}

func (h *hub) leave(s *session, cause error) {
	s.gone = true
	if h.master == s {
		h.setMaster(nil)
	}
	h.opts.Logger.Info("PBX disconnected", slog.String("pbx", s.name()), slog.Any("cause", cause))
	h.lights.down(s, s.name() == h.masterName && h.master == nil, cause)
	h.emit(PBXDown{Name: s.name(), Connection: s.number, Err: cause})
	for _, u := range h.users {
		if u.watch != nil && u.watch.on == s {
			h.unwatch(u)
		}
	}
}

func (h *hub) setMaster(s *session) {
	h.master = s
	h.routes.setMaster(s)
}

// indication handles what a PBX says by itself. An error says that it is malformed.
func (h *hub) indication(s *session, m message) error {
	if s.gone {
		return nil
	}
	switch m.Name {
	case "ReplicateAdd", "ReplicateUpdate":
		return h.replicated(s, m)
	case "ReplicateDel":
		return h.deleted(s, m)
	case "PresenceState":
		return h.presenceState(s, m)
	case "PresenceUpdate":
		return h.presenceUpdate(s, m)
	case "CallAdd", "CallUpdate", "CallDel", "CallDelete":
		return h.call(s, m)
	case "UserInfo":
		return nil
	}
	if !strings.HasSuffix(m.Name, "Result") {
		h.counts.unknown(m.Name)
		return nil
	}
	h.counts.count(func(c *Counters) { c.Late++ })
	switch {
	case m.Name == "AddAlienCallResult":
		return s.withdraw(m)
	case m.Name == "CreateApiResult":
		return s.closeLate(m)
	case m.Name == "InitializeResult" && s.calls.err != nil:
		h.callsRead(s, s.judge("Initialize", m, nil))
	}
	return nil
}

// repair does again what has failed, and what is due.
func (h *hub) repair() {
	for _, s := range h.routes.all() {
		if s.calls.err != nil {
			h.startCalls(s)
			h.light(s.name())
		}
		for _, call := range s.aliens.unwanted() {
			s.discard(call)
		}
	}
	if h.master != nil && h.copied.failed {
		h.replicate(h.master)
	}
	for _, u := range h.users {
		if u.watch != nil && u.watch.failed {
			h.unwatch(u)
			h.place(u)
		}
		h.renewLicence(u)
	}
}

// ask sends a request whose outcome the hub handles. It stays without outcome where
// the connection has ended already, of which the hub is about to hear.
func (h *hub) ask(s *session, api, name string, f fields, done func(message, error)) {
	err := s.ask(api, name, f, func(m message, err error) {
		h.post(func() {
			if !s.gone {
				done(m, s.judge(name, m, err))
			}
		})
	})
	if errors.Is(err, presence.ErrRefused) {
		done(message{}, err)
	}
}

// refused reports a peer that was not let in. Any peer may do so: the light of a
// master that is connected is not touched.
func (h *hub) refused(err error) {
	if h.master == nil {
		h.lights.master.Fail(err)
	}
}
