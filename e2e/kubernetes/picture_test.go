package kubernetes

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// margin is the width of the empty space around the page, in pixels.
const margin = 16

func decodePicture(t *testing.T, file string) *image.RGBA {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewRGBA(decoded.Bounds())
	draw.Draw(picture, picture.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	return picture
}

// crop removes the empty rows at the end, but for a margin.
func crop(picture *image.RGBA) *image.RGBA {
	b := picture.Bounds()
	row := func(y int) []byte { return picture.Pix[y*picture.Stride : (y+1)*picture.Stride] }
	last := b.Dy() - 1
	for y := last; y > 0 && bytes.Equal(row(y), row(last)); y-- {
		b.Max.Y = y
	}
	b.Max.Y = min(b.Max.Y+margin, picture.Bounds().Max.Y)
	return picture.SubImage(b).(*image.RGBA)
}

// colors counts the pixels of each color.
func colors(picture image.Image) map[color.RGBA]int {
	count, b := map[color.RGBA]int{}, picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	return count
}

// mustBeLegible fails the test if a picture is blank, has the wrong color scheme, or if something reaches into the
// margins.
func mustBeLegible(t *testing.T, picture image.Image, dark bool) {
	t.Helper()
	b := picture.Bounds()
	count := colors(picture)
	if len(count) < 20 || b.Dy() < 500 {
		t.Errorf("the page is blank: %d colors, height %d", len(count), b.Dy())
	}
	background := color.RGBAModel.Convert(picture.At(b.Min.X, b.Min.Y)).(color.RGBA)
	if isDark := background.G < 128; isDark != dark {
		t.Errorf("the background is %v", background)
	}
	for _, x := range []int{b.Min.X, b.Min.X + margin/2, b.Max.X - margin/2, b.Max.X - 1} {
		column := image.Rect(x, b.Min.Y, x+1, b.Max.Y)
		if inMargin := colors(picture.(*image.RGBA).SubImage(column)); len(inMargin) != 1 {
			t.Errorf("something is in the margin, %d pixels from the left", x)
		}
	}
	t.Logf("%d x %d pixels, %d colors", b.Dx(), b.Dy(), len(count))
}

// savePicture writes a small PNG file, with the 64 most frequent colors.
func savePicture(t *testing.T, picture image.Image, file string) {
	t.Helper()
	count := colors(picture)
	frequent := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return cmp.Compare(count[b], count[a]) })
	var palette color.Palette
	for _, c := range frequent[:min(len(frequent), 64)] {
		palette = append(palette, c)
	}
	small := image.NewPaletted(picture.Bounds(), palette)
	draw.Draw(small, small.Bounds(), picture, picture.Bounds().Min, draw.Src)
	var content bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&content, small); err != nil {
		t.Fatal(err)
	}
	makeDir(t, filepath.Dir(file), "")
	if err := os.WriteFile(file, content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("wrote %d bytes to %s", content.Len(), file)
}
