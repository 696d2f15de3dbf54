package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

// reread reads the command line, the environment and the configuration file once more.
type reread func() (config, error)

// reloader applies a configuration that has changed to the service that runs.
type reloader struct {
	service   *service
	transport http.RoundTripper // as that of the service
	read      reread
	inUse     config // what the service was made from, with what was applied since
}

// The settings that change without a restart: those of the webhook, where there is one, and
// those of the rules.
var (
	webhookSettings = []string{"public-url", "graph-notify-key", "graph-notify-secret"}
	ruleSettings    = []string{"tables-to-pbx", "tables-to-teams", "tables-call", "direction", "groups", "settle", "pace"}
)

// run reads the configuration again whenever it is told to, until ctx ends.
func (r *reloader) run(ctx context.Context, told <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
			r.reload()
		}
	}
}

// reload looks at every file, and logs what came of it.
func (r *reloader) reload() {
	log := r.service.log
	applied, left, err := r.apply()
	r.service.lookAtFiles()
	if err != nil {
		log.Error("the configuration is wrong and stays as it was", "error", err)
		return
	}
	if len(applied) > 0 {
		log.Info("configuration read again", "applied", strings.Join(applied, ", "))
	}
	if len(left) > 0 {
		log.Warn("needs a restart: " + strings.Join(left, ", "))
	}
	if len(applied)+len(left) == 0 {
		log.Info("configuration read again: nothing has changed")
	}
}

// apply returns the keys that were applied, and those that need a restart. With an error
// nothing has changed in the service: the configuration is tried first, by making from it the
// service that a restart would make. A file of keys that is missing is made by that.
func (r *reloader) apply() (applied, left []string, err error) {
	next, err := r.read()
	if err != nil {
		return nil, nil, err
	}
	if err := next.validate(); err != nil {
		return nil, nil, err
	}
	changed := changes(r.inUse, next)
	next.Store = r.inUse.Store // it is open, and files beside it go with it
	trial := &service{config: next, log: slog.New(slog.DiscardHandler), store: r.service.store, started: time.Now()}
	if err := trial.build(r.transport); err != nil {
		return nil, nil, err
	}
	both := r.service.webhook != nil && trial.webhook != nil
	var ofWebhook, ofRules []string
	for _, name := range changed {
		switch {
		case both && slices.Contains(webhookSettings, name):
			ofWebhook = append(ofWebhook, name)
		case slices.Contains(ruleSettings, name):
			ofRules = append(ofRules, name)
		default:
			left = append(left, name)
		}
	}
	if !slices.Contains(changed, "people-table") && !reflect.DeepEqual(trial.table, r.service.table) {
		left = append(left, "people-table")
	}
	if len(ofWebhook) > 0 {
		if err := r.service.moveWebhook(trial); err != nil {
			return nil, nil, err
		}
	}
	if len(ofRules) > 0 {
		r.service.moveRules(trial)
	}
	applied = slices.Concat(ofWebhook, ofRules)
	take(&r.inUse, &next, applied)
	return next.Config.keys(applied), next.Config.keys(left), nil
}
