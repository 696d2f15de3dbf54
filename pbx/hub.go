package pbx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
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
	unproven   int // users whose licence cannot be checked
	copied     *replication

	last    map[string]*session // by PBX: the connection that ended last
	callers map[string]*session // by PBX: the connection that tells calls
	left    map[string]*remains // by PBX

	silences map[string]*silence // by PBX, also those that are over
}

func newHub(o Options) *hub {
	return &hub{
		opts:       o,
		counts:     newTally(),
		lights:     newLights(o.Master),
		routes:     newRoutes(o.PresenceOnMaster),
		mail:       make(chan func(), 256),
		done:       make(chan struct{}),
		masterName: o.Master,
		users:      map[string]*user{},
		copied:     &replication{},
		last:       map[string]*session{},
		callers:    map[string]*session{},
		left:       map[string]*remains{},
		silences:   map[string]*silence{},
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

// up takes a PBX in that has introduced itself. What the connection that it replaces
// has shown stays as it is until the new one shows something.
func (h *hub) up(s *session) {
	var replaces uint64
	replaced := h.routes.put(s)
	if replaced != nil {
		replaces = replaced.number
		h.counts.count(func(c *Counters) { c.Replaced++ })
		h.retire(replaced)
		replaced.stop(ErrReplaced)
	}
	if h.masterName == "" && s.has(apiUsers) {
		h.masterName = s.name()
	}
	elected := h.elect()
	isMaster := h.master == s
	h.opts.Logger.Info("PBX connected", slog.String("pbx", s.name()), slog.Bool("master", isMaster))
	h.emit(PBXUp{
		Name:       s.name(),
		Domain:     s.info.Domain,
		Version:    string(s.info.Version),
		Build:      string(s.info.Build),
		APIs:       slices.Clone(s.info.APIs),
		Master:     isMaster,
		Connection: s.number,
		Replaces:   replaces,
		Key:        s.who.Key,
	})
	h.expect("")
	h.expect(s.name())
	h.followCalls(s.name())
	h.evict("")
	h.light(s.name())
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
	h.retire(s)
	h.opts.Logger.Info("PBX disconnected", slog.String("pbx", s.name()), slog.Any("cause", cause))
	h.emit(PBXDown{Name: s.name(), Connection: s.number, Err: cause})
	h.followCalls(s.name())
	if h.elect() {
		h.replicate(h.master)
	}
	h.awaitReturn(s, cause)
	h.placeAll()
}

// retire takes a connection out of use. What it has shown stands until somebody says
// otherwise.
func (h *hub) retire(s *session) {
	s.gone = true
	h.last[s.name()] = s
	h.leaveAliens(s)
	switch caller := h.callers[s.name()]; {
	case caller == s:
		h.interrupt(s)
	case caller != nil && h.opts.Calls == CallsOfUsers:
		h.endLeftInTime(caller)
	}
	h.leaveCalls(s, "")
	if h.master == s {
		h.setMaster(nil)
	}
	for _, u := range h.users {
		if u.watch != nil && u.watch.on == s {
			u.watch = nil
		}
	}
}

// awaitReturn shows that a PBX is away, and after a while that it does not come back.
func (h *hub) awaitReturn(s *session, cause error) {
	err := fmt.Errorf("connection of PBX %q ended: %w", s.name(), cause)
	if h.routes.of(s.name(), apiPresence) != nil {
		h.light(s.name())
		return
	}
	h.lights.away(s.name(), s.name() == h.masterName, err, h.opts.ReconnectWithin)
	time.AfterFunc(h.opts.ReconnectWithin, func() {
		h.post(func() {
			if h.last[s.name()] == s && h.routes.of(s.name(), apiPresence) == nil {
				h.lights.lost(s.name(), s.name() == h.masterName, err)
			}
		})
	})
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
		h.lights.connected(s, h.opts.Calls)
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
	case "CallAdd", "CallUpdate", "CallDel", "CallDelete", "CallInfo":
		return h.call(s, m)
	case "UserInfo":
		return nil
	}
	if !strings.HasSuffix(m.Name, "Result") {
		h.counts.unknown(m.Name)
		h.emit(Indication{PBX: s.name(), Connection: s.number, API: m.API, Name: m.Name, Src: string(m.Src), Body: m.body})
		return nil
	}
	h.counts.count(func(c *Counters) { c.Late++ })
	switch {
	case m.Name == "AddAlienCallResult":
		return s.withdraw(m)
	case m.Name == "CreateApiResult":
		return s.closeLate(m)
	case m.Name == "UserInitializeResult" && s.judge("UserInitialize", m, nil) == nil:
		handle, err := openedHandle(m)
		h.closeHandle(s, handle)
		return err
	case m.Name == "InitializeResult" && s.calls.asked() && s.calls.err != nil:
		h.callsRead(s, s.judge("Initialize", m, nil))
	}
	return nil
}

// repair does again what has failed, and what is due.
func (h *hub) repair() {
	now := time.Now()
	for _, s := range h.routes.all() {
		for _, call := range s.aliens.due(now.Add(-h.opts.ReconnectWithin)) {
			s.discard(call)
		}
		s.unclosed.Range(func(api, failed any) bool {
			if failed.(bool) {
				s.closeAPI(api.(string))
			}
			return true
		})
	}
	if h.master != nil && h.copied.failed {
		h.replicate(h.master)
	}
	h.askControl()
	for _, u := range h.users {
		if u.overdue(h.opts.RequestTimeout) && !h.watchAs(u) {
			h.lose(u, &HiddenError{PBX: u.watch.on.name(), User: u.Name})
		}
		if u.watch != nil && u.watch.failed != nil {
			h.unwatch(u)
			h.place(u)
		}
		h.renewLicence(u)
	}
}

// ask sends a request whose outcome the hub handles. It stays without outcome where
// the connection has ended, of which the hub is about to hear.
func (h *hub) ask(s *session, q question, done func(message, error)) {
	err := s.ask(q, func(m message, err error) {
		if errors.Is(err, ErrNotConnected) {
			return
		}
		h.post(func() {
			if !s.gone {
				done(m, s.judge(q.name, m, err))
			}
		})
	})
	if errors.Is(err, ErrRefused) {
		done(message{}, err)
	}
}

// refused reports a peer that was not let in. Any peer may do so: the light of a
// master that is connected is not touched, nor, by others than itself, that of one which
// is expected back.
func (h *hub) refused(err *LoginError) {
	if h.master == nil && (h.last[h.masterName] == nil || err.PBX == h.masterName) {
		h.lights.master.Fail(err)
	}
}
