package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pbx365/connector/presence/bridge"
)

// explainCmd is connector explain. It asks the running service.
type explainCmd struct {
	config
	Name []string `arg:"" help:"A name of the person: PBX name, guid or Long Name; UPN, mail, display name or object id. Several words are one name."`
	JSON bool     `name:"json" help:"Print the answer of the service as it is."`
}

// Run prints why a person shows what they show.
func (c explainCmd) Run(ctx context.Context) error {
	return c.ask(ctx, os.Stdout, time.Local)
}

// ask asks the service at its status address, with the times of a place.
func (c explainCmd) ask(ctx context.Context, out io.Writer, place *time.Location) error {
	address, err := statusURL(c.StatusListen)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/people/"+url.PathEscape(strings.Join(c.Name, " ")), nil)
	if err != nil {
		return err
	}
	if !c.StatusPass.empty() {
		r.SetBasicAuth("connector", c.StatusPass.text)
	}
	// The service is on this machine: no proxy has anything to do with it.
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		return &askError{address, "does not answer", "Start the service, or give explain the configuration that it runs with (status-listen).", err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return &askError{address, "broke off its answer", "Try again.", err}
	}
	return c.show(out, address, answer, body, place)
}

func (c explainCmd) show(out io.Writer, address string, answer *http.Response, body []byte, place *time.Location) error {
	var e bridge.Explanation
	p := &problem{}
	switch {
	case answer.StatusCode == http.StatusUnauthorized && c.StatusPass.err != nil:
		return &askError{address, "asks for the password, which cannot be read here", "Give it as --status-password, or ask as somebody who may read the file.", c.StatusPass.err}
	case answer.StatusCode == http.StatusUnauthorized:
		return &askError{address, "does not accept the password", "Give the password of the status page (status-password).", nil}
	case answer.StatusCode != http.StatusOK && json.Unmarshal(body, p) == nil && p.Text != "":
		return p
	case answer.StatusCode != http.StatusOK || json.Unmarshal(body, &e) != nil || e.Name == "":
		return &askError{address, "answers something else: " + answer.Status, "Make sure that the connector is what listens there (status-listen), in the same version.", nil}
	case c.JSON:
		_, err := out.Write(body)
		return err
	}
	tell(e, place).print(out)
	return nil
}

// statusURL is where the service on this machine is asked when it listens at an address.
func statusURL(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("configuration, status-listen: %w", err)
	}
	if port == "0" {
		return "", errors.New("configuration, status-listen: port 0 is another one at each start; give one to ask at")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// askError is a service that gives no answer.
type askError struct {
	address, text, todo string
	err                 error
}

func (e *askError) Error() string {
	text := "the service at " + e.address + " " + e.text
	if e.err == nil {
		return text
	}
	err := e.err
	var u *url.Error
	if errors.As(err, &u) { // the address is named already
		err = u.Err
	}
	return text + ": " + err.Error()
}

func (e *askError) Unwrap() error { return e.err }

// Advice says what to do.
func (e *askError) Advice() string { return e.todo }
