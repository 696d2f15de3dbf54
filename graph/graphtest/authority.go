package graphtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

func (s *Server) authorityRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{tenant}/v2.0/.well-known/openid-configuration", s.authorityRoute(RouteOpenID, s.serveOpenID))
	mux.Handle("GET /common/discovery/instance", s.authorityRoute(RouteInstance, s.serveInstance))
	mux.Handle("GET /common/UserRealm/{upn}", s.authorityRoute(RouteRealm, s.serveRealm))
	mux.Handle("GET /{tenant}/discovery/v2.0/keys", s.authorityRoute(RouteKeys, s.serveKeys))
	mux.Handle("POST /{tenant}/oauth2/v2.0/devicecode", s.authorityRoute(RouteDeviceCode, s.serveDeviceCode))
	mux.Handle("POST /{tenant}/oauth2/v2.0/token", s.authorityRoute(RouteToken, s.serveToken))
	return mux
}

// authorityRoute counts the request, applies faults and checks the tenant of the path.
func (s *Server) authorityRoute(route Route, serve http.HandlerFunc) http.Handler {
	nobody := func(string) bool { return false }
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		fault := s.arrive(route, nobody)
		w := &statusWriter{ResponseWriter: out}
		defer func() { s.answered(route, w.status) }()
		fault.delay(r.Context())
		if fault.happens() && fault.After {
			serve(newRecorder(), r)
		}
		if fault.Cut {
			panic(http.ErrAbortHandler)
		}
		if fault.happens() {
			s.writeSignInFailure(w, fault.signInFailure())
			return
		}
		switch tenant := strings.ToLower(r.PathValue("tenant")); tenant {
		case "", "common", "organizations", strings.ToLower(s.o.Tenant):
			r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
			serve(w, r)
		default:
			s.writeSignInFailure(w, signInFailure(90002))
		}
	})
}

func (s *Server) serveOpenID(w http.ResponseWriter, r *http.Request) {
	base := s.AuthorityURL()
	tenant := base + "/" + r.PathValue("tenant")
	writeJSON(w, http.StatusOK, map[string]any{
		"authorization_endpoint":                tenant + "/oauth2/v2.0/authorize",
		"token_endpoint":                        tenant + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         tenant + "/oauth2/v2.0/devicecode",
		"issuer":                                base + "/" + s.o.Tenant + "/v2.0",
		"jwks_uri":                              tenant + "/discovery/v2.0/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token"},
		"subject_types_supported":               []string{"pairwise"},
	})
}

func (s *Server) serveInstance(w http.ResponseWriter, _ *http.Request) {
	base := s.AuthorityURL()
	host := strings.TrimPrefix(base, "https://")
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": base + "/" + s.o.Tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": host, "preferred_cache": host, "aliases": []string{host},
		}},
	})
}

func (s *Server) serveRealm(w http.ResponseWriter, r *http.Request) {
	_, domain, _ := strings.Cut(r.PathValue("upn"), "@")
	writeJSON(w, http.StatusOK, map[string]any{
		"ver": "1.0", "account_type": "Managed", "domain_name": domain,
		"cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline",
	})
}

// issuerV1 and issuerV2 are the issuers of the two versions of tokens. They are those of
// the public cloud, whatever address the authority has.
func (s *Server) issuerV1() string { return fmt.Sprintf("https://sts.windows.net/%s/", s.o.Tenant) }

func (s *Server) issuerV2() string {
	return fmt.Sprintf("https://login.microsoftonline.com/%s/v2.0", s.o.Tenant)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}
