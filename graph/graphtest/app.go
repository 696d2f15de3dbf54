package graphtest

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// App is an application registered in the tenant, with all its consents given.
type App struct {
	// ID is the client id.
	ID string
	// Secret signs it in by client secret where it is not empty.
	Secret string
	// Certificate signs it in by client assertion where it is not nil.
	Certificate *x509.Certificate
	// Roles are its application permissions, such as Presence.ReadWrite.All.
	Roles []string
	// Scopes are its delegated permissions, such as Presence.Read.All.
	Scopes []string
	// PublicClient allows password and device code sign-ins without a secret.
	PublicClient bool
}

// String leaves the secret out.
func (a App) String() string { return "app " + a.ID }

// AddApp registers an application, or replaces the one with the same ID. Tokens keep the
// permissions they were issued with.
func (s *Server) AddApp(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.Roles, a.Scopes = slices.Clone(a.Roles), slices.Clone(a.Scopes)
	s.apps[strings.ToLower(a.ID)] = &a
	s.announce()
}

// principal is the object id of the application in the tenant, which is not its client id.
func (a *App) principal(tenant string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(tenant+"/"+a.ID)).String()
}
