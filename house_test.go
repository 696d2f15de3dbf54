package connector_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/pbx365/connector"

// mayImport says which packages of the module a package may import. The last element
// of a path may be a star; "*" alone is everything.
var mayImport = map[string][]string{
	"":                {},
	"presence":        {},
	"match":           {},
	"store":           {},
	"store/*":         {"store"},
	"graph":           {"presence", "store"},
	"pbx":             {"presence"},
	"presence/bridge": {"presence", "match", "store"},
	"graph/graphtest": {},
	"pbx/pbxtest":     {},
	"examples/*":      {"*"},
	"cmd/*":           {"*"},
}

// onlyIn says which packages may import a heavy dependency: a path, or the beginning
// of paths where it ends in a star.
var onlyIn = map[string][]string{
	"go.etcd.io/bbolt*":                                 {"store/boltstore"},
	"github.com/microsoftgraph/*":                       {"graph"},
	"github.com/microsoft/kiota*":                       {"graph"},
	"nhooyr.io/websocket*":                              {"pbx", "pbx/pbxtest"},
	"github.com/Azure/azure-sdk-for-go/*":               {"graph", "cmd/*", "examples/*"},
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity*": {"cmd/*", "examples/*"},
	"github.com/alecthomas/kong*":                       {"cmd/*"},
	"github.com/stretchr/testify*":                      {},
	"pgregory.net/rapid*":                               {},
	"testing":                                           {"store/storetest"},
}

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath, Dir, Doc string
	Imports, GoFiles     []string
}

func (p pkg) name() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Doc,Imports,GoFiles", "./...").Output()
	require.NoError(t, err)
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			require.Greater(t, len(all), 10)
			return all
		} else {
			require.NoError(t, err)
		}
		all = append(all, p)
	}
}

func fits(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		folder, star := strings.CutSuffix(p, "*")
		return p == name || star && strings.HasPrefix(name, folder)
	})
}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		allowed, known := mayImport[p.name()]
		for pattern, list := range mayImport {
			if !known && fits([]string{pattern}, p.name()) {
				allowed, known = list, true
			}
		}
		require.True(t, known, "the package %s is in no rule", p.ImportPath)
		for _, path := range p.Imports {
			if inside, ok := strings.CutPrefix(path, module+"/"); ok {
				require.True(t, fits(allowed, inside), "%s imports %s", p.name(), inside)
			}
			for heavy, packages := range onlyIn {
				if fits([]string{heavy}, path) {
					require.True(t, fits(packages, p.name()), "%s imports %s", p.name(), path)
				}
			}
		}
	}
}

func TestPureAndPortablePackagesUseTheStandardLibraryOnly(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if !slices.Contains([]string{"presence", "store"}, p.name()) {
			continue
		}
		for _, path := range p.Imports {
			first, _, _ := strings.Cut(path, "/")
			require.NotContains(t, first, ".", "%s imports %s", p.name(), path)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		require.NotEmpty(t, p.Doc, "%s has no package comment", p.ImportPath)
		require.Contains(t, p.GoFiles, docFile(p), "the package comment of %s stands in its doc.go", p.ImportPath)
	}
}

// docFile is where a package comment stands; a program of one file has it there.
func docFile(p pkg) string {
	if strings.HasPrefix(p.name(), "examples/") {
		return "main.go"
	}
	return "doc.go"
}

func TestTheWebsocketLibraryIsNamedInOneFileOfAPackage(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			require.NoError(t, err)
			if file != "transport.go" {
				require.NotContains(t, string(text), `"nhooyr.io/websocket`, "%s/%s", p.name(), file)
			}
		}
	}
}
