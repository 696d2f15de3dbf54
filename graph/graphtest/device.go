package graphtest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// device is a device code that waits for its person.
type device struct {
	grant
	userCode string
	declined bool
}

func (s *Server) serveDeviceCode(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.writeSignInFailure(w, signInFailure(9002313))
		return
	}
	now := s.begin()
	app := s.apps[strings.ToLower(r.PostForm.Get("client_id"))]
	if app == nil {
		s.mu.Unlock()
		s.writeSignInFailure(w, signInFailure(700016))
		return
	}
	code, userCode := rand.Text(), rand.Text()[:9]
	s.devices[code] = &device{grant: grant{app: app.ID, issued: now}, userCode: userCode}
	s.announce()
	s.mu.Unlock()
	const page = "https://microsoft.com/devicelogin"
	writeJSON(w, http.StatusOK, map[string]any{
		"user_code": userCode, "device_code": code, "verification_uri": page,
		"expires_in": int(deviceTTL / time.Second), "interval": int(max(time.Second, s.o.DevicePoll) / time.Second),
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, userCode),
	})
}

// ApproveDevice is the person entering a user code in the browser and signing in, with a
// second factor where one is asked for. It fails where no such code is waiting.
func (s *Server) ApproveDevice(userCode, user string) error {
	now := s.begin()
	defer s.mu.Unlock()
	p := s.must(user)
	for _, d := range s.devices {
		if strings.EqualFold(d.userCode, userCode) && d.user == "" && now.Sub(d.issued) < deviceTTL {
			d.user = p.ID
			s.announce()
			return nil
		}
	}
	return fmt.Errorf("graphtest: no device waits with code %q", userCode)
}

// DeclineDevice is the person refusing in the browser, after which the code is of no use.
// It fails where no such code is waiting.
func (s *Server) DeclineDevice(userCode string) error {
	now := s.begin()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if strings.EqualFold(d.userCode, userCode) && d.user == "" && now.Sub(d.issued) < deviceTTL {
			d.declined = true
			s.announce()
			return nil
		}
	}
	return fmt.Errorf("graphtest: no device waits with code %q", userCode)
}

// redeemDevice returns the person that a device code was approved by, once, or an AADSTS
// code. Called with mu held.
func (s *Server) redeemDevice(app *App, code string, now time.Time) (*person, int) {
	d := s.devices[code]
	switch {
	case d == nil || d.app != app.ID:
		return nil, 70018
	case now.Sub(d.issued) >= deviceTTL:
		delete(s.devices, code)
		return nil, 70020
	case d.declined:
		delete(s.devices, code)
		return nil, 70017
	case d.user == "":
		return nil, 70016
	}
	delete(s.devices, code)
	p := s.find(d.user)
	if p == nil {
		return nil, 50034
	}
	return p, 0
}
