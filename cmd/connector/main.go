package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/pbx365/connector/presence"
)

// cli is the command line.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Keep people's presence the same until interrupted."`
	Explain explainCmd `cmd:"" help:"Say why a person shows what they show: what arrived, what was decided and written, and what the running service waits for."`
	Release releaseCmd `cmd:"" help:"Take back everything that the store remembers of what was written to Teams and the PBX, then end. For before the product is removed. A store that remembers nothing is an error."`
	Tables  tablesCmd  `cmd:"" help:"Print the tables in force, or the way of one value there and back."`
	Version versionCmd `cmd:"" help:"Print what this program was built from."`
	Demo    demoCmd    `cmd:"" help:"Show everything at work between a simulated Microsoft 365 tenant and simulated PBXs."`
	Chaos   chaosCmd   `cmd:"" help:"Have many people act while requests go wrong and the connector is killed, and judge what became of it."`

	ShowVersion kong.VersionFlag `name:"version" help:"As connector version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run is the whole program, and returns its exit status.
func run(ctx context.Context, args []string) int {
	options := []kong.Option{
		kong.Name("connector"),
		kong.Description("Keeps presence the same in Microsoft Teams and on an innovaphone PBX."),
		kong.Vars{"version": version()},
		kong.WithBeforeReset(environment),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	}
	again := func() (config, error) {
		var c cli
		_, err := readArgs(&c, args, options...)
		return c.Serve.config, err
	}
	var c cli
	parsed, err := readArgs(&c, args, append(options, kong.Bind(reread(again)), kong.BindTo(ctx, (*context.Context)(nil)))...)
	if err != nil {
		return fail(os.Stderr, err)
	}
	if err := parsed.Run(); err != nil {
		return fail(os.Stderr, err)
	}
	return 0
}

// readArgs reads the command line, and the configuration file that it names, into c.
func readArgs(c any, args []string, options ...kong.Option) (*kong.Context, error) {
	parser, err := kong.New(c, options...)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(args)
	var setting *settingError
	var file *fileError
	switch {
	case errors.As(err, &setting):
		return nil, setting // without the name of the flag before it
	case errors.As(err, &file):
		return nil, file
	}
	return parsed, err
}

// fail says what went wrong and what to do about it. Where it is how the program was called, it says
// how to call it.
func fail(out io.Writer, err error) int {
	fmt.Fprintln(out, "connector:", err)
	if todo := presence.Advice(err); todo != "" && !strings.Contains(err.Error(), todo) {
		fmt.Fprintln(out, "What to do:", todo)
	}
	var call *kong.ParseError
	if errors.As(err, &call) {
		call.Context.Stdout = out
		_ = call.Context.PrintUsage(len(call.Context.Args) > 0)
	}
	return 1
}

// newLogger writes to standard error.
func newLogger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
