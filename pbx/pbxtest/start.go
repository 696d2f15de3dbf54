package pbxtest

import "context"

// TB is what the helpers need of a [testing.TB].
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

// Start runs PBXs until the test ends, and fails it if one of them cannot run or if the
// service violated the protocol.
func Start(tb TB, pbxs ...*PBX) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, len(pbxs))
	for _, p := range pbxs {
		go func() { ended <- p.Run(ctx) }()
	}
	tb.Cleanup(func() {
		cancel()
		systems := make(map[*System]bool)
		for _, p := range pbxs {
			if err := <-ended; err != nil {
				tb.Errorf("%v", err)
			}
			systems[p.sys] = true
		}
		for s := range systems {
			for _, violation := range s.Violations() {
				tb.Errorf("protocol violation: %s", violation)
			}
		}
	})
}
