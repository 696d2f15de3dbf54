package graph

import "context"

// Vault is the place of an encrypted sign-in, for its fuzzer.
type Vault struct{ *vault }

func NewVault(records SignIns, name string, secret []byte) (Vault, error) {
	v, err := newVault(records, name, secret)
	return Vault{v}, err
}

func (v Vault) Open(ctx context.Context) ([]byte, error)    { return v.open(ctx) }
func (v Vault) Put(ctx context.Context, plain []byte) error { return v.put(ctx, plain) }
