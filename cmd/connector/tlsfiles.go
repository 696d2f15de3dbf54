package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/pbx365/connector/presence"
)

const (
	// tlsWatch is the shortest time between two looks at the files.
	tlsWatch = 10 * time.Second
	// tlsWarn is the rest of its life at which a certificate is complained about.
	tlsWarn = 7 * 24 * time.Hour
)

// tlsFiles is the certificate of the service, read again when its files change, so that
// a renewal needs no restart. Files that do not fit together are left for the moment: the
// other one is about to follow.
type tlsFiles struct {
	cert, key string
	log       *slog.Logger
	light     *presence.Light

	mu     sync.Mutex // protects following
	loaded *tls.Certificate
	stamp  stamp     // of the files that were loaded
	looked time.Time // when they were looked at last
}

// stamp changes when the files do.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

func newTLSFiles(cert, key string, log *slog.Logger) (*tlsFiles, error) {
	f := &tlsFiles{cert: cert, key: key, log: log, light: presence.NewLight("TLS certificate")}
	if err := f.load(); err != nil {
		return nil, err
	}
	f.looked = time.Now()
	return f, nil
}

// certificate implements the callback of [tls.Config].
func (f *tlsFiles) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= tlsWatch {
		f.looked = now
		f.look()
	}
	return f.loaded, nil
}

// readAgain looks at the files without waiting for the time to.
func (f *tlsFiles) readAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = time.Now()
	f.look()
}

// health looks at the files as well, so that it is right though nobody connects.
func (f *tlsFiles) health() presence.Health {
	_, _ = f.certificate(nil)
	return f.light.Health()
}

// look loads the files where they have changed. f.mu is held.
func (f *tlsFiles) look() {
	now, err := stampOf(f.cert, f.key)
	if err == nil && now != f.stamp {
		err = f.load()
		if err == nil {
			f.log.Info("TLS certificate read again", "expires", f.loaded.Leaf.NotAfter)
		}
	}
	end := f.loaded.Leaf.NotAfter
	switch {
	case err != nil:
		f.light.Fail(&expiryError{"the TLS certificate", end, "Make sure that " + f.cert + " and " + f.key + " belong together and can be read.", err})
		f.log.Warn("TLS certificate stays as it is", "error", err)
	case time.Until(end) < tlsWarn:
		f.light.Fail(&expiryError{"the TLS certificate", end, "Put a new one into " + f.cert + " and " + f.key + "; it is read without a restart.", nil})
	default:
		f.light.OK(until(end))
	}
}

// load reads both files. Their stamp is taken before, so that a change in between is
// seen later.
func (f *tlsFiles) load() error {
	now, err := stampOf(f.cert, f.key)
	if err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.loaded, f.stamp = &cert, now
	f.light.OK(until(cert.Leaf.NotAfter))
	return nil
}

func stampOf(cert, key string) (stamp, error) {
	c, err := os.Stat(cert)
	if err != nil {
		return stamp{}, err
	}
	k, err := os.Stat(key)
	if err != nil {
		return stamp{}, err
	}
	return stamp{c.ModTime(), k.ModTime(), c.Size(), k.Size()}, nil
}
