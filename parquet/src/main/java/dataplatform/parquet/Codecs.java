package dataplatform.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** Packs pages with GZIP or Zstandard. Parquet's own codecs are Hadoop's, which need its configuration and the half of it. */
final class Codecs implements CompressionCodecFactory {
    private static final int ZSTD_LEVEL = 1;

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName codec) {
        return new Compressor(codec);
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName codec) {
        throw new UnsupportedOperationException("it is for writing");
    }

    @Override
    public void release() {
        // holds nothing
    }

    private record Compressor(CompressionCodecName codec) implements BytesInputCompressor {
        @Override
        public BytesInput compress(BytesInput page) throws IOException {
            byte[] bytes = page.toByteArray();
            return switch (codec) {
                case GZIP -> {
                    ByteArrayOutputStream packed = new ByteArrayOutputStream(bytes.length / 2 + 64);
                    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                        gzip.write(bytes);
                    }
                    yield BytesInput.from(packed.toByteArray());
                }
                case ZSTD -> BytesInput.from(Zstd.compress(bytes, ZSTD_LEVEL));
                default -> throw new IllegalArgumentException("unknown codec " + codec);
            };
        }

        @Override
        public CompressionCodecName getCodecName() {
            return codec;
        }

        @Override
        public void release() {
            // holds nothing
        }
    }
}
