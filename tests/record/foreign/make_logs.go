// make_logs writes tlog-tiles logs with golang.org/x/mod/sumdb/{note,tlog}: another implementation than this project's.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run make_logs.go FOLDER
//
// with Debian's packages golang-go and golang-golang-x-mod-dev (0.7.0). Beside each log, in NAME.kept, lie its verifier
// key, those of its witnesses, and the checkpoints that it had while it grew.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = h[x]
	}
	return out, nil
}

// bytesFrom gives the same bytes each time: nothing that is signed here is worth a secret key.
type bytesFrom struct{ b byte }

func (z *bytesFrom) Read(p []byte) (int, error) {
	for i := range p {
		z.b = z.b*5 + 3
		p[i] = z.b
	}
	return len(p), nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func write(dir, path string, data []byte) {
	p := filepath.Join(dir, path)
	must(os.MkdirAll(filepath.Dir(p), 0o755))
	must(os.WriteFile(p, data, 0o644))
}

type cosigner struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
	time uint64
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Sign(msg []byte) ([]byte, error) {
	m := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, msg)
	t := make([]byte, 8)
	binary.BigEndian.PutUint64(t, c.time)
	return append(t, ed25519.Sign(c.key, []byte(m))...), nil
}

func newCosigner(name string, seed byte) (cosigner, string) {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), 32)))
	pub := append([]byte{4}, key.Public().(ed25519.PublicKey)...)
	h := sha256.Sum256(append([]byte(name+"\n"), pub...))
	kh := binary.BigEndian.Uint32(h[:4])
	return cosigner{name, kh, key, 1744344000}, fmt.Sprintf("%s+%08x+%s", name, kh, base64.StdEncoding.EncodeToString(pub))
}

func logOf(dir, origin, keyName string, sizes []int64, ext []string, extraSigs int, mixed bool, cos int) {
	skey, vkey, err := note.GenerateKey(&bytesFrom{byte(len(keyName))}, keyName)
	must(err)
	signer, err := note.NewSigner(skey)
	must(err)
	var stored hashes
	var records [][]byte
	var old int64
	for round, size := range sizes {
		for n := old; n < size; n++ {
			rec := []byte(fmt.Sprintf("record %d\nof a log that was not written by this project\n", n))
			if mixed {
				switch n % 7 {
				case 0:
					rec = nil // an entry of no bytes
				case 1:
					rec = make([]byte, int(n)%300)
					io.ReadFull(&bytesFrom{byte(n)}, rec)
				case 2:
					if n == 2 {
						rec = []byte(strings.Repeat("x", 65535)) // the longest entry that a bundle can hold
					}
				}
			}
			records = append(records, rec)
			hs, err := tlog.StoredHashes(n, rec, stored)
			must(err)
			stored = append(stored, hs...)
		}
		for _, t := range tlog.NewTiles(8, old, size) {
			if t.W < 256 && int64(t.W) != size>>(8*uint(t.L))%256 {
				continue // one width of many on the way; no checkpoint needs it
			}
			data, err := tlog.ReadTileData(t, stored)
			must(err)
			write(dir, strings.Replace(t.Path(), "tile/8/", "tile/", 1), data)
			if t.L == 0 {
				var b []byte
				for i := t.N * 256; i < t.N*256+int64(t.W); i++ {
					b = append(b, byte(len(records[i])>>8), byte(len(records[i])))
					b = append(b, records[i]...)
				}
				t.L = -1
				p := strings.Replace(t.Path(), "tile/8/data/", "tile/entries/", 1)
				write(dir, p, b)
			}
		}
		root, err := tlog.TreeHash(size, stored)
		must(err)
		text := string(tlog.FormatTree(tlog.Tree{N: size, Hash: root}))
		if origin != "" {
			text = origin + "\n" + strings.SplitN(text, "\n", 2)[1]
		}
		for _, e := range ext {
			text += e + "\n"
		}
		signers := []note.Signer{signer}
		var wkeys []string
		for i := 0; i < cos; i++ {
			c, vk := newCosigner(fmt.Sprintf("witness%d.example/wîtness", i), byte('a'+i))
			signers = append(signers, c)
			wkeys = append(wkeys, vk)
		}
		msg, err := note.Sign(&note.Note{Text: text}, signers...)
		must(err)
		for i := 0; i < extraSigs; i++ {
			n := []int{64, 1, 72, 2428, 300}[i%5]
			b := make([]byte, 4+n)
			io.ReadFull(&bytesFrom{byte(i)}, b)
			msg = append(msg, []byte(fmt.Sprintf("— unknown%d.example/鍵 %s\n", i, base64.StdEncoding.EncodeToString(b)))...)
		}
		write(dir, "checkpoint", msg)
		write(dir+".kept", fmt.Sprintf("checkpoint.%d", round), msg)
		write(dir+".kept", "vkey", []byte(vkey+"\n"))
		write(dir+".kept", "witnesses", []byte(strings.Join(wkeys, "\n")+"\n"))
		old = size
	}
	fmt.Println(dir, vkey)
}

func main() {
	d := os.Args[1]
	logOf(d+"/sumdb", "", "sum.example.org", []int64{1, 3, 255, 256, 257, 700}, nil, 0, false, 0)
	logOf(d+"/odd-origin", "Länder-Log № 7 (a + b)  of «日志»", "日志.example/gō:443", []int64{5, 300}, []string{"extension one", " — not a signature", "rotation 12"}, 20, true, 3)
	logOf(d+"/full-tile", "full.example/log", "full.example/log", []int64{256}, nil, 3, false, 2)
	logOf(d+"/third-level", "large.example/log42", "large.example/log42", []int64{100, 65536, 66001, 70000}, nil, 3, false, 2)
}
