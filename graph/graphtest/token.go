package graphtest

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// graphAudience is what tokens for Graph are for, and the prefix of the scopes that ask for them.
const graphAudience = "https://graph.microsoft.com"

// grant is what a refresh token or device code stands for.
type grant struct {
	app, user string
	issued    time.Time
	revoked   bool
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.writeSignInFailure(w, signInFailure(9002313))
		return
	}
	tokenEndpoint := s.AuthorityURL() + r.URL.Path
	now := s.begin()
	reply, code := s.grant(r.PostForm, tokenEndpoint, now)
	s.announce()
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	if code != 0 {
		s.writeSignInFailure(w, signInFailure(code))
		return
	}
	writeJSON(w, http.StatusOK, reply)
}

// grant answers a token request with a reply or an AADSTS code. Called with mu held.
func (s *Server) grant(form url.Values, endpoint string, now time.Time) (map[string]any, int) {
	kind := form.Get("grant_type")
	app, code := s.signInApp(form, kind, endpoint, now)
	if code != 0 {
		return nil, code
	}
	switch kind {
	case "client_credentials":
		if form.Get("scope") == "" || !strings.Contains(form.Get("scope"), "/.default") {
			return nil, 70011
		}
		return s.appReply(app, now), 0
	case "password":
		p, code := s.signInPerson(form.Get("username"), form.Get("password"))
		if code != 0 {
			return nil, code
		}
		return s.userReply(app, p, now)
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		p, code := s.redeemDevice(app, form.Get("device_code"), now)
		if code != 0 {
			return nil, code
		}
		return s.userReply(app, p, now)
	case "refresh_token":
		g, ok := s.refreshTokens[form.Get("refresh_token")]
		switch p := s.byID[g.user]; {
		case !ok || g.app != app.ID:
			return nil, 9002313
		case g.revoked:
			return nil, 50173
		case now.Sub(g.issued) >= refreshTTL:
			return nil, 700082
		case p == nil:
			return nil, 50034
		default:
			return s.userReply(app, p, now)
		}
	default:
		return nil, 70003
	}
}

// signInApp finds the application of a request and checks its proof. Public clients need none
// for the flows of people. Called with mu held.
func (s *Server) signInApp(form url.Values, kind, endpoint string, now time.Time) (*App, int) {
	app := s.apps[strings.ToLower(form.Get("client_id"))]
	if app == nil {
		return nil, 700016
	}
	if code := s.failures[strings.ToLower(app.ID)]; code != 0 {
		return nil, code
	}
	secret, assertion := form.Get("client_secret"), form.Get("client_assertion")
	switch {
	case assertion != "":
		if !s.assertionHolds(app, form.Get("client_assertion_type"), assertion, endpoint, now) {
			return nil, 700027
		}
	case secret != "":
		if app.Secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(app.Secret)) == 0 {
			return nil, 7000215
		}
	case kind == "client_credentials" || !app.PublicClient:
		return nil, 7000218
	}
	return app, 0
}

// signInPerson checks a password. Called with mu held.
func (s *Server) signInPerson(upn, password string) (*person, int) {
	p := s.find(upn)
	switch {
	case p == nil:
		return nil, 50034
	case p.Password == "" || subtle.ConstantTimeCompare([]byte(password), []byte(p.Password)) == 0:
		return nil, 50126
	case s.mfa[p.ID]:
		return nil, 50076
	}
	return p, 0
}

func (s *Server) appReply(app *App, now time.Time) map[string]any {
	principal := app.principal(s.o.Tenant)
	claims := s.claims(app, now)
	claims["idtyp"], claims["oid"], claims["sub"] = "app", principal, principal
	if len(app.Roles) > 0 {
		claims["roles"] = app.Roles
	}
	return s.reply(claims)
}

// userReply is the answer of every flow of people: with the id token and client_info that caches
// of accounts are built on, and a fresh refresh token.
func (s *Server) userReply(app *App, p *person, now time.Time) (map[string]any, int) {
	switch code := s.failures[strings.ToLower(p.ID)]; {
	case code != 0:
		return nil, code
	case p.Disabled:
		return nil, 50057
	case len(app.Scopes) == 0:
		return nil, 65001
	}
	claims := s.claims(app, now)
	claims["idtyp"], claims["oid"], claims["sub"], claims["upn"] = "user", p.ID, p.ID, p.UPN
	claims["scp"] = strings.Join(app.Scopes, " ")
	reply := s.reply(claims)

	refresh := rand.Text()
	s.refreshTokens[refresh] = grant{app: app.ID, user: strings.ToLower(p.ID), issued: now}
	reply["refresh_token"] = refresh
	reply["scope"] = graphAudience + "/" + strings.Join(append(slices.Clone(app.Scopes), ".default"), " "+graphAudience+"/")
	reply["id_token"] = s.signer().sign(jwt.MapClaims{
		"aud": app.ID, "iss": s.authorityURL() + "/" + s.o.Tenant + "/v2.0", "iat": now.Unix(), "nbf": now.Unix(),
		"exp": now.Add(s.o.TokenLifetime).Unix(), "name": p.DisplayName, "oid": p.ID, "preferred_username": p.UPN,
		"sub": p.ID, "tid": s.o.Tenant, "ver": "2.0",
	})
	reply["client_info"] = base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"` + p.ID + `","utid":"` + s.o.Tenant + `"}`))
	return reply, 0
}

// claims are those that every access token for Graph has.
func (s *Server) claims(app *App, now time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"aud": graphAudience, "iss": s.issuerV1(), "iat": now.Unix(), "nbf": now.Unix(),
		"exp": now.Add(s.o.TokenLifetime).Unix(), "appid": app.ID, "tid": s.o.Tenant,
		"uti": uuid.NewString(), "ver": "1.0",
	}
}

func (s *Server) reply(claims jwt.MapClaims) map[string]any {
	life := int(s.o.TokenLifetime/time.Second) - 1
	return map[string]any{
		"token_type": "Bearer", "expires_in": life, "ext_expires_in": life,
		"access_token": s.signer().sign(claims),
	}
}
