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

// whileRunning are the settings that change without a restart.
var whileRunning = []string{"public-url", "graph-notify-key", "graph-notify-secret"}

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
	log.Info("configuration read again", "applied", strings.Join(applied, ", "))
	if len(left) > 0 {
		log.Warn("needs a restart: " + strings.Join(left, ", "))
	}
}

// apply returns the settings that were applied, and those that need a restart. With an error
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
	for _, name := range changed {
		if both && slices.Contains(whileRunning, name) {
			applied = append(applied, name)
		} else {
			left = append(left, name)
		}
	}
	if !slices.Contains(changed, "people-table") && !reflect.DeepEqual(trial.table, r.service.table) {
		left = append(left, "people-table")
	}
	if len(applied) > 0 {
		if err := r.service.moveWebhook(trial); err != nil {
			return nil, nil, err
		}
		r.inUse.PublicURL, r.inUse.Graph.NotifyKey, r.inUse.Graph.NotifySecret = next.PublicURL, next.Graph.NotifyKey, next.Graph.NotifySecret
	}
	return applied, left, nil
}

// changes are the names of the settings in which two configurations differ.
func changes(a, b config) (names []string) {
	before, after := settings(&a), settings(&b)
	for i, flag := range before {
		if flag.Name != "config" && !reflect.DeepEqual(flag.Target.Interface(), after[i].Target.Interface()) {
			names = append(names, flag.Name)
		}
	}
	return names
}
