package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// processes start the connector as processes of their own: this program once more.
type processes struct {
	program string
	config  string
	env     []string
	log     *os.File
}

// newProcesses has the processes write to log.
func newProcesses(s *stage, log *os.File) (*processes, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ca := filepath.Join(s.dir, "ca.pem")
	if err := os.WriteFile(ca, s.tenant.CAFile(), 0o600); err != nil {
		return nil, err
	}
	return &processes{program, s.file, append(foreign(os.Environ()), "SSL_CERT_FILE="+ca), log}, nil
}

// foreign is an environment without the keys of the connector, which would win over the file.
func foreign(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "CONNECTOR_") })
}

// process is a connector that runs.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed at the end
	err   error         // why, after that
}

// start starts connector serve or connector release.
func (p *processes) start(command string) (*process, error) {
	c := &process{cmd: exec.Command(p.program, command, "--config", p.config), ended: make(chan struct{})}
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = p.env, p.log, p.log
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// during returns a context that ends with the process, for that cause.
func (c *process) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-c.ended:
			cancel(fmt.Errorf("the connector ended by itself: %w", c.err))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// kill ends it by signal 9.
func (c *process) kill() {
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.ended
}

// stop asks it to end, and returns its error.
func (c *process) stop(ctx context.Context, patience time.Duration) error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, c.err)
	}
	return c.wait(ctx, patience)
}

// wait returns how it ended.
func (c *process) wait(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-c.ended:
		return c.err
	case <-ctx.Done():
		c.kill()
		return fmt.Errorf("the connector did not end: %w", ctx.Err())
	}
}
