package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed *.html
var pageFiles embed.FS

// pageTemplates are the pages. None has a script, and none needs the internet.
var pageTemplates = template.Must(template.New("").
	Funcs(template.FuncMap{"since": since, "seconds": seconds, "segment": url.PathEscape}).ParseFS(pageFiles, "*.html"))

// wantsPage tells a browser.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func writePage(w http.ResponseWriter, code int, page string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
	w.WriteHeader(code)
	_ = pageTemplates.ExecuteTemplate(w, page, data)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(v)
}

// seconds says how long something took.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// since says when something began: how long ago, or the day and hour.
func since(t time.Time) string {
	d := time.Since(t)
	switch {
	case t.IsZero():
		return "not yet"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
